//! The AWS IoT SQL language: lex, parse, check, evaluate one message.
