//! Masks, by the public vectors and by hand.
