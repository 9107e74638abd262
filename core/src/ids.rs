//! Dense identifiers: indices into per-shard arrays, so that no stage hashes a string per message.
//!
//! A *shard* is a fixed group of farms, a property of the scenario and not of the machine. All
//! indices here count within one shard; names are looked up in the shard's [`Names`].

use std::fmt;

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The identifier for position `index`.
            #[inline]
            pub const fn new(index: u32) -> Self {
                Self(index)
            }

            /// The position, for indexing an array.
            #[inline]
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The position as stored in tables.
            #[inline]
            pub const fn raw(self) -> u32 {
                self.0
            }
        }
    };
}

index! {
    /// A thing or piece of equipment of one shard: an index into its [`Names`].
    DeviceIx
}
index! {
    /// A farm (site) of one shard.
    SiteIx
}
index! {
    /// An irrigation zone of one shard.
    ZoneIx
}

/// The identity that keys random draws: a stable hash of a name, so that adding another device
/// changes nobody else's draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityKey(u64);

impl EntityKey {
    /// The key of the entity called `name`.
    ///
    /// # Source
    /// FNV-1a, 64 bits (Fowler, Noll, Vo), finished with the SplitMix64 mixer so that names which
    /// differ in one character differ in half of the bits.
    #[inline]
    pub fn of(name: &str) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in name.bytes() {
            hash ^= u64::from(byte);
            hash = hash.wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(mix(hash))
    }

    /// The key of an ordered pair, such as a link between a device and a gateway.
    #[inline]
    pub const fn pair(self, other: Self) -> Self {
        Self(mix(self.0 ^ mix(other.0.rotate_left(17))))
    }

    /// The 64 bits.
    #[inline]
    pub const fn bits(self) -> u64 {
        self.0
    }
}

/// SplitMix64's finaliser (Steele, Lea, Flood 2014).
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The names of one shard's things and equipment, by [`DeviceIx`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    text: String,
    ends: Vec<u32>,
}

impl Names {
    /// Adds `name` and returns its index.
    #[inline]
    pub fn push(&mut self, name: &str) -> DeviceIx {
        let index = DeviceIx::new(self.ends.len() as u32);
        self.text.push_str(name);
        self.ends.push(self.text.len() as u32);
        index
    }

    /// The name at `index`.
    ///
    /// # Panics
    /// If `index` was not made by this list.
    #[inline]
    pub fn name(&self, index: DeviceIx) -> &str {
        let i = index.index();
        let start = if i == 0 { 0 } else { self.ends[i - 1] as usize };
        &self.text[start..self.ends[i] as usize]
    }

    /// How many names there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All names in index order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|i| self.name(DeviceIx::new(i as u32)))
    }
}

impl fmt::Display for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_index() {
        let mut names = Names::default();
        let a = names.push("farmA-101");
        let b = names.push("");
        let c = names.push("farmA-pump-1");
        assert_eq!(
            (names.name(a), names.name(b), names.name(c)),
            ("farmA-101", "", "farmA-pump-1")
        );
        assert_eq!(names.iter().count(), 3);
    }

    #[test]
    fn keys_depend_on_name_and_order_of_a_pair_only() {
        let (a, b) = (EntityKey::of("a"), EntityKey::of("b"));
        assert_ne!(a, b);
        assert_eq!(a, EntityKey::of("a"));
        assert_ne!(a.pair(b), b.pair(a));
    }
}
