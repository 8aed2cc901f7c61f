//! The code of the book in `docs/`: each page that has code is the documentation of an item here, and so its code is run as doc tests. Nothing is exported.
//!
//! The tutorial's finished program is `examples/udp_forwarder.rs`.

#[cfg(doctest)]
#[doc = include_str!("../../docs/tutorial.md")]
struct Tutorial;

#[cfg(all(doctest, target_os = "linux"))]
#[doc = include_str!("../../docs/recipes.md")]
struct Recipes;

#[cfg(all(doctest, feature = "track"))]
#[doc = include_str!("../../docs/recipe-leak.md")]
struct Leak;
