//! What may be done to a tree of budgets; the numbers are taken modulo what there is.

use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Op {
    Child {
        parent: usize,
        floor: usize,
        ceiling: Option<usize>,
        soft: Option<usize>,
        tenant: u16,
    },
    CloneHandle(usize),
    DropHandle(usize),
    Charge(usize, usize),
    Overdraw(usize, usize),
    DropCharge(usize),
    Grow(usize, usize),
    Shrink(usize, usize),
    Split(usize, usize),
    Merge(usize, usize),
    Move(usize, usize),
    Request(usize, usize),
    Cancel(usize),
    SetLimit(usize, usize),
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    let bytes = || prop_oneof![8 => 0..40_usize, 1 => 0..200_usize, 1 => Just(usize::MAX)];
    let small = || 0..60_usize;
    let any = any::<usize>;
    let child = (any(), 0..30_usize, prop::option::of(0..80_usize));
    let child = (child, prop::option::of(0..80_usize), 0..4_u16);
    prop_oneof![
        5 => child.prop_map(|((parent, floor, ceiling), soft, tenant)| Op::Child {
            parent, floor, ceiling, soft, tenant
        }),
        1 => any().prop_map(Op::CloneHandle),
        2 => any().prop_map(Op::DropHandle),
        10 => (any(), bytes()).prop_map(|(at, bytes)| Op::Charge(at, bytes)),
        2 => (any(), small()).prop_map(|(at, bytes)| Op::Overdraw(at, bytes)),
        8 => any().prop_map(Op::DropCharge),
        3 => (any(), small()).prop_map(|(which, bytes)| Op::Grow(which, bytes)),
        3 => (any(), small()).prop_map(|(which, bytes)| Op::Shrink(which, bytes)),
        2 => (any(), small()).prop_map(|(which, bytes)| Op::Split(which, bytes)),
        2 => (any(), any()).prop_map(|(one, other)| Op::Merge(one, other)),
        4 => (any(), any()).prop_map(|(which, to)| Op::Move(which, to)),
        8 => (any(), small()).prop_map(|(at, bytes)| Op::Request(at, bytes)),
        3 => any().prop_map(Op::Cancel),
        2 => (any(), 0..150_usize).prop_map(|(at, limit)| Op::SetLimit(at, limit)),
    ]
}
