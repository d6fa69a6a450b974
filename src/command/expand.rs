//! What a row of the table of commands expands to.

/// Makes `Command` and `Verb` from the rows of the table.
macro_rules! commands {
    ($(
        $variant:ident $(($($type:ty),+))? $({$($field:ident: $field_type:ty),+})?
        = $syntax:literal $(alias $alias:literal)* { source: $source:literal $(, $column:ident: $value:expr)* }
    )+) => {
        /// One command with its arguments.
        ///
        /// Every value encodes to exactly one line, and that line parses back to the same value. `Debug` and `Display` show no password,
        /// and no argument of a command that this crate doesn't know.
        ///
        /// ```
        /// use ftp_proto::{Command, Type};
        /// let mut line = Vec::new();
        /// Command::Type(Type::Image).encode(&mut line);
        /// assert_eq!(line, b"TYPE I\r\n");
        /// assert_eq!(Command::parse(b"type i"), Ok(Command::Type(Type::Image)));
        /// ```
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
        #[non_exhaustive]
        pub enum Command<'a> {
            $(
                #[doc = concat!("`", $syntax, "` (", $source, ").")]
                $variant $(($($type),+))? $({
                    $(#[doc = concat!("The ", stringify!($field), " of the range, in bytes from 0.")] $field: $field_type),+
                })?,
            )+
            /// A command that is not in the table.
            Other(OtherCommand<'a>),
        }

        /// Which command it is, without its arguments; its methods tell what the RFCs say about the command.
        ///
        /// ```
        /// use ftp_proto::Verb;
        /// let verb: Verb = "xcwd".parse()?;
        /// assert_eq!((verb, verb.word(), verb.syntax()), (Verb::Cwd, "CWD", "CWD <SP> path"));
        /// # Ok::<(), ftp_proto::UnknownWord>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
        #[non_exhaustive]
        pub enum Verb {
            $(#[doc = concat!("`", $syntax, "` (", $source, ").")] $variant,)+
            /// Any word that is not in the table.
            Other,
        }

        impl Verb {
            /// Every verb of the table, in its order; [`Verb::Other`] is not among them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as it is sent; empty for [`Verb::Other`].
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => const { column::word_of($syntax) },)+
                    Self::Other => "",
                }
            }

            /// Other words for the same command, such as `XCWD` for CWD.
            pub const fn aliases(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => &[$($alias),*],)+
                    Self::Other => &[],
                }
            }

            /// Its syntax as HELP shows it, such as `RETR <SP> path`; empty for [`Verb::Other`].
            pub const fn syntax(self) -> &'static str {
                match self {
                    $(Self::$variant => $syntax,)+
                    Self::Other => "",
                }
            }

            /// Its row's columns.
            pub(super) const fn row(self) -> &'static column::Row {
                use column::{DataUse::*, HashAlgorithm::*, LoginRule::*, Question::*, Served::*};
                match self {
                    $(Self::$variant => const {
                        &column::Row { source: $source, $($column: $value,)* ..column::Row::USUAL }
                    },)+
                    Self::Other => const { &column::Row::OTHER },
                }
            }

            /// The text of a 501 to a line without the argument.
            pub(super) const fn missing(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("Missing argument. Syntax: ", $syntax),)+
                    Self::Other => "Missing argument.",
                }
            }

            /// The text of a 501 to a line with a wrong argument.
            pub(super) const fn bad(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("Bad argument. Syntax: ", $syntax),)+
                    Self::Other => "Bad argument.",
                }
            }

            /// The text of a 504.
            pub(super) const fn unsupported(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("Parameter not supported. Syntax: ", $syntax),)+
                    Self::Other => "Parameter not supported.",
                }
            }

            /// The verb of a packed word, and the alias if the word is one.
            #[inline]
            pub(super) fn of_key(key: u64) -> (Self, Option<&'static str>) {
                static PLACES: key::Places<(Verb, Option<&'static str>)> = key::Places::new(
                    &[$(
                        (key::of(column::word_of($syntax)), (Verb::$variant, None)),
                        $((key::of($alias), (Verb::$variant, Some($alias))),)*
                    )+],
                    (Verb::Other, None),
                );
                PLACES.find(key)
            }
        }

        impl<'a> Command<'a> {
            /// Its verb.
            pub const fn verb(&self) -> Verb {
                match self {
                    $(Self::$variant { .. } => Verb::$variant,)+
                    Self::Other(_) => Verb::Other,
                }
            }

            /// The same command, owned. Allocates for each text that was borrowed.
            pub fn into_owned(self) -> Command<'static> {
                self.into_owned_in(&mut Vec::new())
            }

            /// The same command, owned; its first text takes over the allocation of `room`.
            pub(crate) fn into_owned_in(self, room: &mut Vec<u8>) -> Command<'static> {
                match self {
                    $(commands!(@pattern one two, $variant, [$($($type),+)?] [$($($field),+)?]) =>
                        commands!(@owned room, one two, $variant, [$($($type),+)?] [$($($field),+)?]),)+
                    Self::Other(other) => Command::Other(other.into_owned()),
                }
            }

            /// The allocation of its text, if that is owned.
            pub(crate) fn into_room(self) -> Option<Vec<u8>> {
                match self {
                    $(commands!(@pattern one two, $variant, [$($($type),+)?] [$($($field),+)?]) =>
                        commands!(@room one two, [$($($type),+)?] [$($($field),+)?]),)+
                    Self::Other(_) => None,
                }
            }

            /// Whether the argument of this verb is a secret.
            pub(crate) const fn takes_secret(verb: Verb) -> bool {
                match verb {
                    $(Verb::$variant => false $($(|| <$type as Field<'a>>::SECRET)+)?,)+
                    Verb::Other => false,
                }
            }

            /// Reads the arguments of `verb`: `rest`, which is the end of `line` and begins with the blank. `wrap` makes the result from
            /// the command.
            // Each arm makes the whole result, because moving a command takes longer than reading most commands.
            #[inline]
            pub(super) fn read<T>(
                verb: Verb,
                line: &'a [u8],
                rest: &'a [u8],
                wrap: impl Fn(Self) -> T,
            ) -> Result<T, CommandError> {
                let fail = |error| argument::refuse(verb, line, error);
                match verb {
                    $(Verb::$variant => Ok(wrap(
                        commands!(@read read end ignored, fail, rest, $variant, [$($($type),+)?] [$($($field: $field_type),+)?]),
                    )),)+
                    Verb::Other => Ok(wrap(Self::Other(OtherCommand::read(line)?))),
                }
            }

            /// Reads the arguments of `verb` by the letter of the grammars.
            pub(super) fn read_strict(verb: Verb, line: &'a [u8], rest: &'a [u8]) -> Result<Self, CommandError> {
                let fail = |error| argument::refuse(verb, line, error);
                match verb {
                    $(Verb::$variant => Ok(
                        commands!(@read read_strict end_strict nothing, fail, rest, $variant,
                            [$($($type),+)?] [$($($field: $field_type),+)?]),
                    ),)+
                    Verb::Other => Ok(Self::Other(OtherCommand::read(line)?)),
                }
            }

            /// How much of the argument of `verb` a log may show. The argument of an unknown command may be a secret.
            pub(super) const fn shown(verb: Verb) -> Shown {
                match verb {
                    $(Verb::$variant => Shown::All
                        $($(.and(<$type as Field<'a>>::SHOWN))+)? $($(.and(<$field_type as Field<'a>>::SHOWN))+)?,)+
                    Verb::Other => Shown::Nothing,
                }
            }

            /// The command of a verb whose only argument is a path; `None` for other verbs.
            pub(crate) fn of_path(verb: Verb, path: Path<'a>) -> Option<Self> {
                match verb {
                    $(Verb::$variant => commands!(@of_path path, $variant, [$($($type),+)?]),)+
                    Verb::Other => None,
                }
            }

            /// Appends the arguments, each with a blank in front.
            pub(super) fn write_arguments(&self, out: &mut Vec<u8>) {
                match self {
                    $(commands!(@pattern one two, $variant, [$($($type),+)?] [$($($field),+)?]) =>
                        commands!(@write one two, out, [$($($type),+)?] [$($($field),+)?]),)+
                    Self::Other(other) => other.write_argument(out),
                }
            }
        }
    };

    (@pattern $first:ident $second:ident, $variant:ident, [] []) => { Self::$variant };
    (@pattern $first:ident $second:ident, $variant:ident, [$one:ty] []) => { Self::$variant($first) };
    (@pattern $first:ident $second:ident, $variant:ident, [$one:ty, $two:ty] []) => { Self::$variant($first, $second) };
    (@pattern $first:ident $second:ident, $variant:ident, [] [$($field:ident),+]) => { Self::$variant { $($field),+ } };

    (@owned $room:ident, $first:ident $second:ident, $variant:ident, [] []) => { Command::$variant };
    (@owned $room:ident, $first:ident $second:ident, $variant:ident, [$one:ty] []) => { Command::$variant($first.own($room)) };
    (@owned $room:ident, $first:ident $second:ident, $variant:ident, [$one:ty, $two:ty] []) => {
        Command::$variant($first.own($room), $second.own($room))
    };
    (@owned $room:ident, $first:ident $second:ident, $variant:ident, [] [$($field:ident),+]) => {
        Command::$variant { $($field: $field.own($room)),+ }
    };

    (@room $first:ident $second:ident, [] []) => { None };
    (@room $first:ident $second:ident, [$one:ty] []) => { $first.room() };
    (@room $first:ident $second:ident, [$one:ty, $two:ty] []) => { $first.room().or($second.room()) };
    (@room $first:ident $second:ident, [] [$($field:ident),+]) => { { $(let _ = $field;)+ None } };

    (@read $read:ident $end:ident $ignored:ident, $fail:ident, $rest:ident, $variant:ident, [] []) => {{
        argument::$ignored($rest).map_err($fail)?;
        Self::$variant
    }};
    (@read $read:ident $end:ident $ignored:ident, $fail:ident, $rest:ident, $variant:ident, [$one:ty] []) => {{
        let (rest, one) = <$one as Field>::$read($rest).map_err($fail)?;
        argument::$end(rest).map_err($fail)?;
        Self::$variant(one)
    }};
    (@read $read:ident $end:ident $ignored:ident, $fail:ident, $rest:ident, $variant:ident, [$one:ty, $two:ty] []) => {{
        let (rest, one) = <$one as Field>::$read($rest).map_err($fail)?;
        let (rest, two) = <$two as Field>::$read(rest).map_err($fail)?;
        argument::$end(rest).map_err($fail)?;
        Self::$variant(one, two)
    }};
    (@read $read:ident $end:ident $ignored:ident, $fail:ident, $rest:ident, $variant:ident, [] [$($field:ident: $type:ty),+]) => {{
        $(let ($rest, $field) = <$type as Field>::$read($rest).map_err($fail)?;)+
        argument::$end($rest).map_err($fail)?;
        Self::$variant { $($field),+ }
    }};

    (@of_path $path:ident, $variant:ident, [$one:ty]) => { <$one as Field>::of_path($path).map(Self::$variant) };
    (@of_path $path:ident, $variant:ident, [$($other:ty),*]) => { None };

    (@write $first:ident $second:ident, $out:ident, [] []) => { () };
    (@write $first:ident $second:ident, $out:ident, [$one:ty] []) => { $first.write($out) };
    (@write $first:ident $second:ident, $out:ident, [$one:ty, $two:ty] []) => {{ $first.write($out); $second.write($out); }};
    (@write $first:ident $second:ident, $out:ident, [] [$($field:ident),+]) => {{ $($field.write($out);)+ }};
}

pub(super) use commands;
