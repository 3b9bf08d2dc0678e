//! The model's modes: letters read and obeyed, one after the other.

use std::collections::BTreeSet;

use super::{Answer, HALF, LIMITS, Model, OPERATOR, refuse};

impl Model {
    pub(super) fn mode(
        &mut self,
        who: usize,
        name: &str,
        letters: &str,
        parameters: &[&str],
    ) -> Answer {
        let Some(name) = self.find_room(name) else {
            return refuse("NoSuchRoom");
        };
        let (mut applied, mut refused) = (Vec::new(), Vec::new());
        let mut parameters = parameters.iter();
        let mut sign = '+';
        for letter in letters.chars() {
            if "+-".contains(letter) {
                sign = letter;
                continue;
            }
            let needs_parameter =
                "beIqaohv".contains(letter) || letter == 'k' || letter == 'l' && sign == '+';
            let parameter = if needs_parameter {
                *parameters.next().unwrap()
            } else {
                ""
            };
            match self.change(who, &name, (sign, letter), parameter) {
                Ok(None) => {}
                Ok(Some(change)) => applied.push(change),
                Err(kind) if refused.contains(&kind) => {}
                Err(kind) => refused.push(kind),
            }
        }
        let mut told = Vec::new();
        if !applied.is_empty() {
            let what = format!("modes of {name}: {}", applied.join(" "));
            told.push((what, self.rooms[&name].numbers()));
        }
        if !refused.is_empty() {
            let what = format!("refused: {}", refused.join(" "));
            told.push((what, BTreeSet::from([who])));
        }
        Ok(told)
    }

    /// One change; as a text if anything is different.
    fn change(
        &mut self,
        who: usize,
        name: &str,
        (sign, letter): (char, char),
        parameter: &str,
    ) -> Result<Option<String>, String> {
        let height_of = |rank| "vhoaq".find(rank).map(|height| height + 1);
        let own_height = self.rooms[name].height(who);
        if let Some(rank) = height_of(letter) {
            let target = self.find_person(parameter);
            let own_ranks = self.rooms[name].members.get(&who);
            let gives_up = sign == '-'
                && target.as_ref() == Ok(&who)
                && own_ranks.is_some_and(|ranks| ranks.contains(&letter));
            // The least that gives this rank: half-operators voices, operators the next two, the others their own.
            let needed = [HALF, OPERATOR, OPERATOR, 4, 5][rank - 1];
            if own_height < needed && !gives_up {
                return refuse("NotOperator");
            }
            let target = target?;
            let state = self.rooms.get_mut(name).unwrap();
            let target_height = state.height(target);
            let Some(ranks) = state.members.get_mut(&target) else {
                return refuse("TargetNotInRoom");
            };
            let reach = if own_height == HALF {
                HALF - 1
            } else {
                own_height
            };
            let takes = sign == '-' && ranks.contains(&letter);
            if takes && target != who && target_height > reach {
                return refuse("NotOperator");
            }
            let is_new = if sign == '+' {
                ranks.insert(letter)
            } else {
                ranks.remove(&letter)
            };
            return Ok(is_new.then(|| format!("{sign}{letter} {target}")));
        }
        let is_list = "beI".contains(letter);
        if own_height < if is_list { HALF } else { OPERATOR } {
            return refuse("NotOperator");
        }
        let state = self.rooms.get_mut(name).unwrap();
        let changed = match letter {
            'k' => {
                let wanted = (sign == '+').then(|| parameter.to_string());
                if state.key == wanted {
                    return Ok(None);
                }
                let old = std::mem::replace(&mut state.key, wanted.clone());
                format!("{sign}k {}", wanted.or(old).unwrap())
            }
            'l' => {
                let wanted = (sign == '+').then(|| parameter.parse().unwrap());
                if state.limit == wanted {
                    return Ok(None);
                }
                state.limit = wanted;
                format!("{sign}l {parameter}").trim_end().to_string()
            }
            _ if is_list => {
                // The steps have complete masks, but for those that are none.
                let Some(parameter) = complete(parameter) else {
                    return refuse("InvalidMask");
                };
                let is_same = |(kind, mask): &(char, String)| {
                    *kind == letter && mask.to_lowercase() == parameter.to_lowercase()
                };
                let position = state.masks.iter().position(is_same);
                let count = state
                    .masks
                    .iter()
                    .filter(|(kind, _)| *kind == letter)
                    .count();
                match (sign, position) {
                    ('+', None) if count == LIMITS.masks => return refuse("ListFull"),
                    ('+', None) => {
                        let change = format!("+{letter} {parameter}");
                        state.masks.push((letter, parameter));
                        change
                    }
                    ('-', Some(position)) => {
                        let (_, mask) = state.masks.remove(position);
                        format!("-{letter} {mask}")
                    }
                    _ => return Ok(None),
                }
            }
            flag => {
                let is_new = if sign == '+' {
                    state.flags.insert(flag)
                } else {
                    state.flags.remove(&flag)
                };
                if !is_new {
                    return Ok(None);
                }
                format!("{sign}{flag}")
            }
        };
        Ok(Some(changed))
    }
}

/// A mask as the lists show it; `None` if it is none. The steps have complete ones but for these few.
fn complete(typed: &str) -> Option<String> {
    match typed {
        "~a" => Some("~a:*".to_string()),
        "~A" => Some("~A!*@*".to_string()),
        _ if typed.contains(' ') || typed.starts_with("~x:") => None,
        _ if typed.starts_with("m:") => Some(format!("~{typed}")),
        _ => Some(typed.to_string()),
    }
}
