//! Where a configuration comes from: a file, and flags that win over it.
//!
//! Owns what can be checked only once both are put together. Does not know the syntax of either.

use super::{
    error::{Error, Errors, Invalid, Location},
    file,
    host::ServerName,
    listen::ListenUrl,
    motd::Motd,
    settings::{Config, Sandbox},
    tls::SelfSigned,
};
use std::path::PathBuf;

/// Where a configuration comes from. The server keeps it, to read the configuration again on SIGHUP.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file; without one, the defaults.
    pub file: Option<PathBuf>,
    /// The flags, which win over the file.
    pub flags: Flags,
    /// Our own certificate, if one was asked for. Reading again returns the same one.
    pub self_signed: SelfSigned,
}

/// The flags of the command line; they win over the file.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--data`, relative to the working directory.
    pub data: Option<PathBuf>,
    /// `--listen`: if not empty, it replaces the file's listeners.
    pub listen: Vec<ListenUrl>,
    /// `--max-clients`, for `[limits] clients`; at least 1.
    pub max_clients: Option<u32>,
    /// `--motd`, relative to the working directory.
    pub motd: Option<PathBuf>,
    /// `--name`.
    pub name: Option<ServerName>,
    /// `--sandbox`.
    pub sandbox: Option<Sandbox>,
    /// `--tls-self-signed`, which wins over certificates of the file.
    pub tls_self_signed: bool,
}

impl Sources {
    /// The files that [`load`](Self::load) read to make this configuration, and will read again.
    pub fn files(&self, config: &Config) -> Vec<PathBuf> {
        let motd = config.server.motd.as_ref().map(Motd::path);
        let motd = motd.filter(|path| !path.as_os_str().is_empty());
        let tls = config.tls.certificate.iter().chain(&config.tls.key);
        let named = tls.map(PathBuf::as_path).chain(motd);
        named.map(PathBuf::from).chain(self.file.clone()).collect()
    }

    /// Reads the file and the texts it names, and applies the flags.
    ///
    /// # Errors
    /// All errors, each with its location.
    pub fn load(&self) -> Result<Config, Errors> {
        let mut config = match &self.file {
            Some(file) => file::load(file)?,
            None => Config::default(),
        };
        self.flags.apply(&mut config)?;
        self.complete(&mut config)?;
        Ok(config)
    }

    /// The same for a program of the host beside the server: no listener is needed, and no certificate is made.
    ///
    /// # Errors
    /// All errors, each with its location.
    pub fn load_beside(&self) -> Result<Config, Errors> {
        let mut config = match &self.file {
            Some(file) => file::load(file)?,
            None => Config::default(),
        };
        self.flags.apply(&mut config)?;
        Ok(config)
    }

    /// Applies what depends on both file and flags.
    fn complete(&self, config: &mut Config) -> Result<(), Error> {
        let location = || match &self.file {
            Some(path) => Location::File {
                path: path.clone(),
                line: None,
                column: None,
            },
            None => Location::Flag("--tls-self-signed"),
        };
        if config.tls.self_signed {
            let data = config.server.data.as_deref();
            let certificate = self.self_signed.credential(&config.server.name, data);
            let certificate = certificate.map_err(|e| Error {
                location: location(),
                message: e.to_string(),
            })?;
            config.tls.credentials = vec![certificate];
        }
        let secret = config.listen.iter().find(|url| url.scheme.is_secure());
        if let Some(url) = secret.filter(|_| config.tls.credentials.is_empty()) {
            return Err(Error {
                location: match &self.file {
                    Some(_) if self.flags.listen.is_empty() => location(),
                    _ => Location::Flag("--listen"),
                },
                message: format!(
                    "{url} needs a certificate; name one in [tls], or try it with --tls-self-signed"
                ),
            });
        }
        Ok(())
    }
}

impl Flags {
    fn apply(&self, config: &mut Config) -> Result<(), Error> {
        if !self.listen.is_empty() {
            config.listen.clone_from(&self.listen);
        }
        if self.data.is_some() {
            config.server.data.clone_from(&self.data);
        }
        if let Some(sandbox) = self.sandbox {
            config.server.sandbox = sandbox;
        }
        config.tls.self_signed |= self.tls_self_signed;
        if self.max_clients.is_some() {
            config.limits.clients = self.max_clients;
        }
        if let Some(name) = &self.name {
            config.server.name = name.clone();
        }
        if let Some(path) = &self.motd {
            let refuse = |e: Invalid| Error {
                location: Location::Flag("--motd"),
                message: e.to_string(),
            };
            let motd = Motd::load(path).map_err(refuse)?;
            config.limits.admit(&motd).map_err(refuse)?;
            config.server.motd = Some(motd);
        }
        Ok(())
    }
}
