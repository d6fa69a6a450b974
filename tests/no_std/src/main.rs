//! A program without `std`: its own allocator and panic handler, libc and nothing else.
//!
//! It reads a reply, writes a command, and lets both machines take their first steps. Its exit status is 0 if all came
//! out right, the number of the step that didn't otherwise.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::panic::PanicInfo;

use ftp_proto::server::Greeting;
use ftp_proto::{Client, Code, Command, Endpoints, Instant, Path, Reply, Server, Text, client, server};

/// `malloc`'s memory is aligned for everything that this program asks for; what needs more is refused.
struct Libc;

const ALIGNMENT: usize = 2 * size_of::<usize>();

unsafe impl GlobalAlloc for Libc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > ALIGNMENT {
            return core::ptr::null_mut();
        }
        unsafe { libc::malloc(layout.size()) }.cast()
    }

    unsafe fn dealloc(&self, memory: *mut u8, _: Layout) {
        unsafe { libc::free(memory.cast()) }
    }
}

#[global_allocator]
static ALLOCATOR: Libc = Libc;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unsafe { libc::abort() }
}

/// `alloc` comes compiled for unwinding and names these two, though nothing unwinds here. `std` has them too, and a
/// `panic_handler` besides: were it linked, there would be two of each, which no compiler takes.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    unsafe { libc::abort() }
}

#[unsafe(no_mangle)]
extern "C" fn main() -> libc::c_int {
    let steps: [fn() -> Option<()>; 4] = [reads_a_reply, writes_a_command, a_client_begins, a_server_begins];
    for (number, step) in (1..).zip(steps) {
        if step().is_none() {
            return number;
        }
    }
    0
}

fn reads_a_reply() -> Option<()> {
    let (reply, length) = Reply::parse(b"227 Entering Passive Mode (192,0,2,1,192,100).\r\n").ok()??;
    let port = reply.passive_address().ok()?.port();
    (length == 48 && reply.code() == Code::ENTERING_PASSIVE && port == 49252).then_some(())
}

fn writes_a_command() -> Option<()> {
    let mut line = Vec::new();
    Command::Retr(Path::new("a file").ok()?).encode(&mut line);
    (line == b"RETR a file\r\n").then_some(())
}

fn a_client_begins() -> Option<()> {
    let now = Instant::default();
    let mut client = Client::new(Arc::new(client::Config::default()), ends(), now);
    client.received(b"220 ready\r\n");
    let client::Action::Reply(_) = client.poll(now).ok()? else { return None };
    let client::Action::Done(Ok(_)) = client.poll(now).ok()? else { return None };
    client.start(client::Request::noop()).ok()?;
    let client::Action::Write(write) = client.poll(now).ok()? else { return None };
    (write.bytes() == b"NOOP\r\n").then_some(())
}

fn a_server_begins() -> Option<()> {
    let now = Instant::default();
    let greeting = Greeting::ready(Text::from_static("ready"));
    let mut server = Server::new(Arc::new(server::Config::default()), ends(), &greeting, now);
    let server::Action::Write(write) = server.poll(now) else { return None };
    let greeted = write.bytes() == b"220 ready\r\n";
    let count = write.bytes().len();
    write.wrote(count);
    server.received(b"RETR a\r\n");
    let server::Action::Write(write) = server.poll(now) else { return None };
    (greeted && write.bytes().starts_with(b"530 ")).then_some(())
}

fn ends() -> Endpoints {
    let host = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Endpoints::new(SocketAddr::new(host, 40000), SocketAddr::new(host, 21))
}
