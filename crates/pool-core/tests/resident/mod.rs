//! The memory of this process.

pub(crate) fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages = statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    // 4 KiB at least, so a larger page makes the test more patient and no less right.
    pages.expect("its second number") * 4096
}
