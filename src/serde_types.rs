//! The feature `serde`. Words are serialized as the text that `Display` shows and `FromStr` reads, codes as numbers, and bytes as text
//! if they are UTF-8 and the format is human-readable. Structs and enums derive their implementations where they are defined.
//!
//! Types that can hold a secret don't implement `Serialize` or `Deserialize` (E0277):
//!
//! ```
//! assert_eq!(serde_json::to_string(&ftp_proto::Verb::Pass).unwrap(), "\"PASS\"");
//! ```
//! ```compile_fail,E0277
//! serde_json::to_string(&ftp_proto::Password::new("secret").unwrap());
//! ```
//! ```compile_fail,E0277
//! serde_json::to_string(&ftp_proto::Command::Noop);
//! ```
//! ```compile_fail,E0277
//! serde_json::to_string(&ftp_proto::client::Request::noop());
//! ```
//! ```compile_fail,E0277
//! serde_json::from_str::<ftp_proto::Command>("\"NOOP\"");
//! ```

use alloc::string::ToString;
use core::fmt;
use core::marker::PhantomData;
use core::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::address::{ExtendedAddress, ExtendedPort, HostPort, LongAddress, NetworkProtocol};
use crate::command::{Algs, Allocation, EpsvArgument, Format, Mode, Protection, Structure, Type, Verb};
use crate::reply::Code;
use crate::route::{Excerpt, Route};
use crate::server::Network;
use crate::time::Time;

/// Serializes as the text of `Display`, and deserializes by `FromStr`.
macro_rules! text {
    ($($name:ident)+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Text(PhantomData))
            }
        }
    )+};
}

text! {
    Route Verb Time Network
    HostPort ExtendedAddress ExtendedPort LongAddress NetworkProtocol
    Type Format Structure Mode Protection Algs Allocation EpsvArgument
}

struct Text<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text as it goes over the wire")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|error: T::Err| E::custom(error.to_string()))
    }
}

/// Serializes as the number.
impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.value())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(u16::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Borrowed bytes of a line: in a human-readable format text if they are UTF-8, and otherwise `serialize_bytes`. Deserializes from text
/// and bytes that can be borrowed.
pub(crate) mod bytes {
    use super::{Deserialize, Deserializer, Error, Serializer, Visitor, fmt};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        match core::str::from_utf8(bytes) {
            Ok(text) if serializer.is_human_readable() => serializer.serialize_str(text),
            _ => serializer.serialize_bytes(bytes),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'de [u8], D::Error> {
        Borrowed::deserialize(deserializer).map(|Borrowed(bytes)| bytes)
    }

    /// Bytes that stay where they are.
    pub(super) struct Borrowed<'de>(pub(super) &'de [u8]);

    impl<'de> Deserialize<'de> for Borrowed<'de> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            if deserializer.is_human_readable() {
                deserializer.deserialize_str(InPlace)
            } else {
                deserializer.deserialize_bytes(InPlace)
            }
        }
    }

    struct InPlace;

    impl<'de> Visitor<'de> for InPlace {
        type Value = Borrowed<'de>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("text or bytes that can be borrowed, so without an escape")
        }

        fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Borrowed<'de>, E> {
            Ok(Borrowed(text.as_bytes()))
        }

        fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Borrowed<'de>, E> {
            Ok(Borrowed(bytes))
        }
    }
}

/// Like [`bytes`], but deserializes into owned memory: also from text with escapes and from a sequence of numbers.
pub(crate) mod owned_bytes {
    use alloc::vec::Vec;

    use serde::de::SeqAccess;

    use super::{Deserialize, Deserializer, Error, Visitor, fmt};

    pub(crate) struct Owned(pub(crate) Vec<u8>);

    impl<'de> Deserialize<'de> for Owned {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            if deserializer.is_human_readable() {
                deserializer.deserialize_any(Copied)
            } else {
                deserializer.deserialize_byte_buf(Copied)
            }
        }
    }

    struct Copied;

    impl<'de> Visitor<'de> for Copied {
        type Value = Owned;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("text, or bytes")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Owned, E> {
            self.visit_bytes(text.as_bytes())
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Owned, E> {
            Ok(Owned(bytes.to_vec()))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Owned, A::Error> {
            let mut bytes = Vec::new();
            while let Some(byte) = numbers.next_element()? {
                bytes.push(byte);
            }
            Ok(Owned(bytes))
        }
    }
}

/// The bytes of an [`Excerpt`], cut to the length that it keeps.
pub(crate) mod excerpt {
    use alloc::boxed::Box;

    use super::owned_bytes::Owned;
    use super::{Deserialize, Deserializer, Excerpt, Serializer, bytes};

    pub(crate) fn serialize<S: Serializer>(text: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        bytes::serialize(text, serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<[u8]>, D::Error> {
        let Owned(mut text) = Owned::deserialize(deserializer)?;
        text.truncate(Excerpt::LONGEST);
        Ok(text.into_boxed_slice())
    }
}

/// An `Option` of [`bytes`].
pub(crate) mod optional_bytes {
    use super::bytes::{self, Borrowed};
    use super::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &Option<&[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
        bytes.map(Bytes).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de [u8]>, D::Error> {
        Ok(Option::<Borrowed<'de>>::deserialize(deserializer)?.map(|Borrowed(bytes)| bytes))
    }

    struct Bytes<'b>(&'b [u8]);

    impl Serialize for Bytes<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            bytes::serialize(self.0, serializer)
        }
    }
}
