//! HTTP/1, one request after the other: what comes behind a request waits here until that one is answered.

use std::io;
use std::mem::MaybeUninit;
use std::pin::pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead as _, ReadBuf};

use crate::socket::Stream;

/// How much is read while a request is being answered. More stays with the client.
const AHEAD: usize = 2 * 1024;

/// What was read of a connection and not given to the web server.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    bytes: Vec<u8>,
    /// How much of `bytes` was given.
    given: usize,
    head: Head,
    /// Whether the end of a head was given, and the server did not look at it yet.
    ended: bool,
}

/// What the server gets to read.
pub(crate) enum Given {
    /// These bytes, in its buffer.
    Bytes,
    /// No more, or why.
    End(io::Result<()>),
    /// It is woken when there is something.
    Nothing,
    /// There is something, but not before all requests were answered; it has to be woken then.
    Later,
}

impl Ahead {
    /// Reads from `stream`, up to the end of one head of a request; nothing while the server is `busy`.
    pub(crate) fn poll_read(
        &mut self,
        stream: &mut dyn Stream,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
        busy: bool,
    ) -> Given {
        let hold = std::mem::take(&mut self.ended) || busy;
        if self.bytes.is_empty() && !hold {
            let before = buffer.filled().len();
            return match pin!(&mut *stream).poll_read(context, buffer) {
                Poll::Ready(Ok(())) if buffer.filled().len() > before => {
                    self.keep_the_rest(buffer, before);
                    Given::Bytes
                }
                Poll::Ready(outcome) => Given::End(outcome),
                Poll::Pending => Given::Nothing,
            };
        }
        if self.bytes.is_empty()
            && let Some(end) = self.poll_ahead(stream, context)
        {
            return end;
        }
        if hold {
            if !busy {
                context.waker().wake_by_ref();
            }
            return Given::Later;
        }
        self.give(buffer);
        Given::Bytes
    }

    /// Reads what comes behind the request that is being answered; `None` where something did.
    fn poll_ahead(&mut self, stream: &mut dyn Stream, context: &mut Context<'_>) -> Option<Given> {
        let mut bytes = [MaybeUninit::uninit(); AHEAD];
        let mut bytes = ReadBuf::uninit(&mut bytes);
        match pin!(&mut *stream).poll_read(context, &mut bytes) {
            Poll::Ready(Ok(())) if !bytes.filled().is_empty() => {
                self.bytes.extend_from_slice(bytes.filled());
                None
            }
            Poll::Ready(outcome) => Some(Given::End(outcome)),
            Poll::Pending => Some(Given::Nothing),
        }
    }

    fn keep_the_rest(&mut self, buffer: &mut ReadBuf<'_>, before: usize) {
        if let Some(end) = self.head.end_in(&buffer.filled()[before..]) {
            self.ended = true;
            self.bytes.extend_from_slice(&buffer.filled()[before + end..]);
            buffer.set_filled(before + end);
        }
    }

    fn give(&mut self, buffer: &mut ReadBuf<'_>) {
        let rest = &self.bytes[self.given..];
        let rest = &rest[..rest.len().min(buffer.remaining())];
        let end = self.head.end_in(rest);
        self.ended = end.is_some();
        let given = end.unwrap_or(rest.len());
        buffer.put_slice(&rest[..given]);
        self.given += given;
        if self.given == self.bytes.len() {
            // Few connections ever have something here; those that do may keep nothing.
            *self = Self { head: self.head, ended: self.ended, ..Self::default() };
        }
    }
}

/// Finds where the head of a request ends: at an empty line.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    /// Whether a line has just ended.
    line_ended: bool,
}

impl Head {
    /// How many of these bytes belong to the head, if it ends among them.
    fn end_in(&mut self, bytes: &[u8]) -> Option<usize> {
        for (index, byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' if self.line_ended => {
                    self.line_ended = false;
                    return Some(index + 1);
                }
                b'\n' => self.line_ended = true,
                b'\r' => {}
                _ => self.line_ended = false,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// What the server gets, read by read, of bytes that come all at once.
    fn check(sent: &str, busy: impl Fn(usize) -> bool, expected: &[&str]) {
        let (mut stream, mut ahead) = (io::Cursor::new(sent.as_bytes().to_vec()), Ahead::default());
        let mut context = Context::from_waker(Waker::noop());
        let mut given = Vec::new();
        for turn in 0..20 {
            let mut room = [0; 1000];
            let mut buffer = ReadBuf::new(&mut room);
            let mut server = Cursor(&mut stream);
            match ahead.poll_read(&mut server, &mut context, &mut buffer, busy(turn)) {
                Given::Bytes => given.push(String::from_utf8(buffer.filled().to_vec()).unwrap()),
                Given::Later => given.push("later".to_owned()),
                Given::Nothing => given.push("nothing".to_owned()),
                Given::End(_) => break,
            }
        }
        assert_eq!(given, expected);
    }

    /// A stream to read from.
    struct Cursor<'a>(&'a mut io::Cursor<Vec<u8>>);

    impl tokio::io::AsyncRead for Cursor<'_> {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            pin!(&mut *self.0).poll_read(context, buffer)
        }
    }

    impl tokio::io::AsyncWrite for Cursor<'_> {
        fn poll_write(
            self: std::pin::Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Pending
        }

        fn poll_flush(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_shutdown(
            self: std::pin::Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    #[test]
    fn one_head_is_given_after_the_other() {
        check("a\r\n\r\n", |_| false, &["a\r\n\r\n"]);
        check("a\r\n\r\nb\n\nc", |_| false, &["a\r\n\r\n", "later", "b\n\n", "later", "c"]);
        // As long as the first is being answered, nothing more is given.
        let busy = |turn| (1..4).contains(&turn);
        check("a\n\nb\n\n", busy, &["a\n\n", "later", "later", "later", "b\n\n"]);
        // Nor is what comes meanwhile.
        check("a", |turn| turn < 2, &["later", "later", "a"]);
        check("\r\n\r\n\r\na\r\n", |_| false, &["\r\n\r\n", "later", "\r\na\r\n"]);
    }
}
