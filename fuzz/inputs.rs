//! What an oracle does with a fuzzer's bytes. Part of the tests that have a fuzz target, and so of the targets.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// How many bytes of input stand for one operation.
const OPERATION_BYTES: usize = 4;

/// Runs the sequence of operations that `input` stands for.
///
/// Four bytes are the seed of what proptest draws from `operations`. So the fuzzer repeats, swaps and crosses operations as it does bytes, and a
/// property test and a fuzz target have one description of what can be done.
pub(crate) fn replay<S: Strategy>(input: &[u8], operations: S, run: impl FnOnce(Vec<S::Value>)) {
    let drawn = input.chunks_exact(OPERATION_BYTES).map(|bytes| {
        let mut seed = [0; 32];
        seed[..OPERATION_BYTES].copy_from_slice(bytes);
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        operations.new_tree(&mut runner).map(|tree| tree.current())
    });
    run(drawn.filter_map(Result::ok).collect());
}

/// Replays every input that is kept for a fuzz target.
#[cfg(test)]
pub(crate) fn replay_kept(target: &str, replay: impl Fn(&[u8])) {
    let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut replayed = 0;
    for input in std::fs::read_dir(kept.join(target)).expect("the target's inputs") {
        let path = input.expect("a readable folder").path();
        println!("{}", path.display());
        replay(&std::fs::read(path).expect("a readable file"));
        replayed += 1;
    }
    assert!(replayed > 0, "nothing is kept for {target}");
}
