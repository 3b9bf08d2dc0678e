//! Entry, in the model.

use super::{
    super::steps::{BAN_LASTS, LIMITS},
    Answer, Model, Person, fits, refuse,
};
use crate::chat::{Now, ServerPassword};

impl Model {
    pub(crate) fn ban(&mut self, mask: &str, now: Now) -> Answer {
        self.bans.retain(|(_, until)| *until > Some(now.moment));
        self.unban(mask)?;
        if !mask.contains(' ') {
            let until = Some(now.moment.after(BAN_LASTS));
            self.bans.push((mask.to_string(), until));
        }
        Ok(vec![])
    }

    pub(crate) fn unban(&mut self, mask: &str) -> Answer {
        let wanted = mask.to_lowercase();
        self.bans.retain(|(mask, _)| mask.to_lowercase() != wanted);
        Ok(vec![])
    }

    /// Whether a ban matches a client at `h`, whose address is 192.0.2.1.
    fn is_banned(&self, username: &str, now: Now) -> bool {
        let username = if username.is_empty() {
            "~telnet"
        } else {
            username
        };
        let bans = self
            .bans
            .iter()
            .filter(|(_, until)| *until > Some(now.moment));
        let mut masks = bans.map(|(mask, _)| mask.to_lowercase().chars().collect::<Vec<_>>());
        let texts = ["h", "192.0.2.1"].map(|host| format!("{username}@{host}"));
        let texts = texts.map(|text| text.chars().collect::<Vec<_>>());
        masks.any(|mask| texts.iter().any(|text| fits(&mask, text)))
    }

    pub(crate) fn enter(
        &mut self,
        (name, username): (&str, &str),
        password: ServerPassword,
        now: Now,
    ) -> Answer {
        if self.password_required && password == ServerPassword::Missing {
            return refuse("PasswordRequired");
        }
        if self.is_banned(username, now) {
            return refuse("BannedFromServer");
        }
        if self.people.len() == LIMITS.users {
            return refuse("Full");
        }
        self.check_nick(name, None, None)?;
        let person = Person {
            nick: name.to_string(),
            account: None,
            away: String::new(),
            spoke: now.moment,
            invitations: Vec::new(),
        };
        self.people.insert(self.arrivals, person);
        self.arrivals += 1;
        self.generations += 1;
        Ok(vec![])
    }
}
