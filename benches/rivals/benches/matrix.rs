//! Every case, in one program: what takes longest is to link and optimise what all of them use.

fn main() {
    benches::run(&rivals::all());
}
