//! Names for what is made without one: a word, a number and what it is.

use rand::Rng;
use rand::seq::IndexedRandom;

const WORDS: [&str; 24] = [
    "alder", "amber", "basil", "birch", "cedar", "cobalt", "coral", "ember", "fern", "flint",
    "hazel", "indigo", "ivory", "jade", "juniper", "linden", "maple", "opal", "quartz", "rowan",
    "saffron", "slate", "teal", "willow",
];

/// `maple-17-template`. Need not be unique.
pub fn generate(what: &str) -> String {
    let mut chance = rand::rng();
    let word = WORDS.choose(&mut chance).copied().unwrap_or(WORDS[0]);
    let number: u8 = chance.random_range(1..=99);
    format!("{word}-{number}-{what}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::container_infra::field::Name;

    #[test]
    fn a_generated_name_is_a_legal_one() {
        for _ in 0..100 {
            let name = generate("cluster");
            assert!(name.ends_with("-cluster"), "{name}");
            assert!(Name::try_from(name).is_ok());
        }
    }
}
