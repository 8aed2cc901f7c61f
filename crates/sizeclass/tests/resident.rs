//! What a burst leaves behind. A program of its own, because it looks at the memory of the whole process.
#![cfg(all(feature = "os", target_os = "linux", not(miri)))]

use sizeclass::BufferPool;

const MIB: usize = 1024 * 1024;

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages = statm.split_whitespace().nth(1);
    let pages: Option<usize> = pages.and_then(|pages| pages.parse().ok());
    pages.expect("its second number") * 4096
}

/// A gibibyte in slots and beside them, all of it touched, from two threads; then it idles, half of it in the threads' caches; then it is gone.
#[test]
fn l_class_7_after_a_burst_and_a_trim_the_memory_is_back() {
    let pool = BufferPool::new(512);
    drop(pool.acquire(1));
    let before = resident_bytes();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let sizes = [1 << 20, 1 << 16, 2 << 20, 1 << 12, 1 << 19];
                let mut held = Vec::new();
                let mut bytes = 0;
                for size in sizes.into_iter().cycle() {
                    let mut buffer = pool.acquire(size);
                    buffer.fill(1);
                    bytes += size;
                    held.push(buffer);
                    if bytes >= 512 * MIB {
                        break;
                    }
                }
            });
        }
    });
    assert!(pool.stats().idle_bytes() >= 256 * MIB);
    let freed = pool.trim(0);
    assert!(freed >= 256 * MIB);
    let after = resident_bytes();
    assert!(after <= before + 10 * MIB, "{after} bytes, {before} before");
    assert_eq!(pool.stats().idle_bytes(), 0);
}
