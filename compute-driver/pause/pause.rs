//! The program in a pod's sandbox; not a part of the crate, but built beside it and carried in it.
//!
//! `pause` waits to be asked to end, and reaps what is left to it. `pause connect SOCKADDR SECONDS`
//! is run beside it by the agent, to speak to a port of the pod from where its network is: it writes
//! `+` when it is connected (or ends with status 1), and then passes its input there and what comes
//! back to its output. `SOCKADDR` is the kernel's structure in hex; after so many seconds it ends
//! whatever happens.
//!
//! The image is nothing but this file, so there is no C library, and nothing to go wrong in one.

#![no_std]
#![no_main]

use core::arch::{asm, global_asm};

#[cfg(target_arch = "x86_64")]
global_asm!(".globl _start", "_start:", "mov rdi, rsp", "and rsp, -16", "call {main}", "ud2", main = sym main);
#[cfg(target_arch = "aarch64")]
global_asm!(".globl _start", "_start:", "mov x0, sp", "bl {main}", "brk #1", main = sym main);

#[cfg(target_arch = "x86_64")]
mod number {
    pub const READ: usize = 0;
    pub const WRITE: usize = 1;
    pub const RT_SIGPROCMASK: usize = 14;
    pub const SETITIMER: usize = 38;
    pub const SOCKET: usize = 41;
    pub const CONNECT: usize = 42;
    pub const SHUTDOWN: usize = 48;
    pub const WAIT4: usize = 61;
    pub const RT_SIGTIMEDWAIT: usize = 128;
    pub const EXIT_GROUP: usize = 231;
    pub const PPOLL: usize = 271;
}

#[cfg(target_arch = "aarch64")]
mod number {
    pub const READ: usize = 63;
    pub const WRITE: usize = 64;
    pub const PPOLL: usize = 73;
    pub const EXIT_GROUP: usize = 94;
    pub const SETITIMER: usize = 103;
    pub const RT_SIGPROCMASK: usize = 135;
    pub const RT_SIGTIMEDWAIT: usize = 137;
    pub const SOCKET: usize = 198;
    pub const CONNECT: usize = 203;
    pub const SHUTDOWN: usize = 210;
    pub const WAIT4: usize = 260;
}

use number::*;

const SIGINT: isize = 2;
const SIGTERM: isize = 15;
const SIGCHLD: isize = 17;
const POLLIN: i16 = 1;
/// There is no heap, and a big array on the stack would want a library to clear it.
const SIZE: usize = 16 * 1024;
static mut BUFFER: [u8; SIZE] = [0; SIZE];
static mut ADDRESS: [u8; 128] = [0; 128];

#[cfg(target_arch = "x86_64")]
fn call(number: usize, a: usize, b: usize, c: usize, d: usize, e: usize) -> isize {
    let result: isize;
    // SAFETY: the callers pass what the kernel expects of each call.
    unsafe {
        asm!("syscall", inlateout("rax") number as isize => result, in("rdi") a, in("rsi") b,
            in("rdx") c, in("r10") d, in("r8") e, lateout("rcx") _, lateout("r11") _);
    }
    result
}

#[cfg(target_arch = "aarch64")]
fn call(number: usize, a: usize, b: usize, c: usize, d: usize, e: usize) -> isize {
    let result: isize;
    // SAFETY: the callers pass what the kernel expects of each call.
    unsafe {
        asm!("svc #0", in("x8") number, inlateout("x0") a as isize => result, in("x1") b,
            in("x2") c, in("x3") d, in("x4") e);
    }
    result
}

/// Gets the stack as the kernel made it: count of arguments, then pointers to them.
unsafe extern "C" fn main(stack: *const usize) -> ! {
    // SAFETY: `count` arguments are there, each ends with a zero.
    unsafe {
        let count = *stack;
        let argument = |n: usize| *stack.add(1 + n) as *const u8;
        if count == 4 {
            connect(argument(2), argument(3))
        }
    }
    pause()
}

fn pause() -> ! {
    let bit = |signal: isize| 1u64 << (signal - 1);
    let mask = bit(SIGINT) | bit(SIGTERM) | bit(SIGCHLD);
    let mask = &raw const mask as usize;
    // Process 1 gets only such signals as it handles, or has blocked and waits for.
    call(RT_SIGPROCMASK, 0, mask, 0, 8, 0);
    loop {
        match call(RT_SIGTIMEDWAIT, mask, 0, 0, 8, 0) {
            SIGINT | SIGTERM => exit(0),
            _ => while call(WAIT4, usize::MAX, 0, 1, 0, 0) > 0 {},
        }
    }
}

unsafe fn connect(hex: *const u8, seconds: *const u8) -> ! {
    let (address, buffer) = (&raw mut ADDRESS as *mut u8, &raw mut BUFFER as *mut u8);
    let mut length = 0;
    let mut time = [0i64; 4];
    // SAFETY: both arguments end with a zero; the address is bounded.
    unsafe {
        while *hex.add(2 * length) != 0 && length < 128 {
            let high = digit(*hex.add(2 * length));
            let low = digit(*hex.add(2 * length + 1));
            *address.add(length) = high << 4 | low;
            length += 1;
        }
        let mut n = 0;
        while *seconds.add(n) != 0 && n < 6 {
            time[2] = time[2] * 10 + i64::from(digit(*seconds.add(n)));
            n += 1;
        }
    }
    // SIGALRM ends it.
    call(SETITIMER, 0, &raw const time as usize, 0, 0, 0);
    // SAFETY: it was filled above.
    let family = unsafe { *address };
    let socket = call(SOCKET, usize::from(family), 1, 0, 0, 0);
    if socket < 0 || call(CONNECT, socket as usize, address as usize, length, 0, 0) < 0 {
        exit(1);
    }
    write(1, b"+".as_ptr(), 1);
    let mut polled = [(0i32, POLLIN, 0i16), (socket as i32, POLLIN, 0i16)];
    loop {
        call(PPOLL, polled.as_mut_ptr() as usize, 2, 0, 0, 0);
        if polled[0].2 != 0 {
            let count = call(READ, 0, buffer as usize, SIZE, 0, 0);
            if count <= 0 {
                polled[0] = (-1, 0, 0);
                call(SHUTDOWN, socket as usize, 1, 0, 0, 0);
            } else {
                write(socket as usize, buffer, count as usize);
            }
        }
        if polled[1].2 != 0 {
            let count = call(READ, socket as usize, buffer as usize, SIZE, 0, 0);
            if count <= 0 {
                exit(0);
            }
            write(1, buffer, count as usize);
        }
    }
}

fn digit(letter: u8) -> u8 {
    if letter >= b'a' {
        letter - b'a' + 10
    } else {
        letter.wrapping_sub(b'0')
    }
}

/// All of it, or the end.
fn write(to: usize, from: *const u8, count: usize) {
    let mut done = 0;
    while done < count {
        match call(WRITE, to, from as usize + done, count - done, 0, 0) {
            written if written > 0 => done += written as usize,
            _ => exit(1),
        }
    }
}

fn exit(status: usize) -> ! {
    call(EXIT_GROUP, status, 0, 0, 0, 0);
    loop {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(101)
}
