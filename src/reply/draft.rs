//! Replies that aren't written yet: their text is made directly in the buffer where it goes, or as a [`Reply`].

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::{Code, Reply};

/// A reply that isn't written yet: its code, and a function that appends its text.
pub(crate) struct Draft<Write> {
    code: Code,
    many: bool,
    write: Write,
}

/// The draft of a reply that exists already.
pub(crate) fn draft_of(reply: &Reply<'_>) -> Draft<impl FnOnce(&mut Vec<u8>)> {
    let many = reply.is_multiline();
    let write = move |out: &mut Vec<u8>| if many { reply.encode(out) } else { out.extend_from_slice(reply.text()) };
    Draft { code: reply.code(), many, write }
}

impl<Write: FnOnce(&mut Vec<u8>)> Draft<Write> {
    /// A reply of one line. `write` appends its text, without a line end.
    pub(super) fn line(code: Code, write: Write) -> Self {
        Self { code, many: false, write }
    }

    /// A reply of many lines. `write` appends them as they go over the wire.
    pub(super) fn lines(code: Code, write: Write) -> Self {
        Self { code, many: true, write }
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// Appends the reply as it goes over the wire. Allocates only in `out`.
    pub(crate) fn encode(self, out: &mut Vec<u8>) {
        if self.many {
            return (self.write)(out);
        }
        let [hundreds, tens, ones] = self.code.digits();
        out.extend_from_slice(&[hundreds, tens, ones, b' ']);
        (self.write)(out);
        out.extend_from_slice(b"\r\n");
    }

    /// The reply as a value. Allocates, mostly once.
    pub(crate) fn reply(self) -> Reply<'static> {
        let mut bytes = Vec::with_capacity(64);
        (self.write)(&mut bytes);
        if self.many { Reply::of_owned_lines(self.code, bytes) } else { Reply::of_line(self.code, Cow::Owned(bytes)) }
    }
}
