//! The life of the server: signals and operators' commands, the stop, the reload.
//!
//! Does not know turns; [`Server::turn`] asks here after each.

use super::{
    Server, State,
    certificates::{self, Certificates},
    error::Error,
    settings::{Settings, server_info},
    shared::lifecycle::{Control, Lifecycle},
};
use crate::{config::Config, net::tls::Fingerprint};
use std::{mem, time::Duration};

/// How long the peers may take to read what is queued for them when the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(5);

impl Server {
    /// Does what signals and operators have asked for since the last turn.
    pub(super) fn follow_requests(&mut self) -> State {
        let (mut stops, mut reload) = (0, false);
        if let Some(signals) = &mut self.connections.signals {
            (stops, reload) = (signals.stops, mem::take(&mut signals.reload));
        }
        if stops > 1 {
            let net = self.event_loop.net_mut();
            let cut_off = net.connection_count();
            self.connections.close_for_second_signal(net);
            tracing::warn!(cut_off, "stopped at the second signal");
            return State::Interrupted;
        }
        if stops == 1 && self.is_running() {
            self.stop();
        }
        if reload && self.is_running() {
            self.reload();
        }
        match self.connections.shared.pending.take() {
            Some(Control::Stop) if self.is_running() => self.stop(),
            Some(Control::Reload) if self.is_running() => self.reload(),
            _ => {}
        }
        self.state()
    }

    fn is_running(&self) -> bool {
        !self.connections.shared.lifecycle.is_stopping()
    }

    fn state(&self) -> State {
        match self.connections.shared.lifecycle {
            Lifecycle::Running => State::Running,
            Lifecycle::Stopping { until }
                if self.client_count() == 0 || self.event_loop.net().now() >= until =>
            {
                let cut_off = self.client_count();
                tracing::info!(cut_off, "stopped");
                State::Stopped
            }
            Lifecycle::Stopping { .. } => State::Stopping,
        }
    }

    /// Connections that a stop waits for.
    fn client_count(&self) -> usize {
        let scrapers = self.connections.shared.limits.admission.scrapers();
        self.event_loop.net().connection_count() - scrapers
    }

    /// Begins to stop: accepts no more connections, sends a farewell to every client, then closes each connection in
    /// order.
    pub fn stop(&mut self) {
        tracing::info!(connections = self.client_count(), "stopping");
        if let Some(notifier) = &self.notifier {
            notifier.tell_stopping();
        }
        let until = self.event_loop.net().now().after(STOP_WITHIN);
        self.connections.shared.lifecycle = Lifecycle::Stopping { until };
        self.event_loop.net_mut().shorten_linger();
        let listeners = self.connections.listeners.for_clients();
        // Connections in the accept queue look established to their clients.
        let connections = &mut self.connections;
        self.event_loop.accept_waiting(&listeners, connections);
        let net = self.event_loop.net_mut();
        for listener in listeners {
            connections.listeners.remove(listener);
            net.close(listener);
        }
        connections.close_for_shutdown(net);
    }

    /// Reads the configuration again, and notifies the service manager, which waits for it, when that is done.
    fn reload(&mut self) {
        if let Some(notifier) = &self.notifier {
            notifier.tell_reloading();
        }
        self.read_again();
        if let Some(notifier) = &self.notifier {
            notifier.tell_ready();
        }
    }

    /// Reads the configuration again. A setting that takes a restart stays and is named in the log; a broken file changes
    /// nothing.
    fn read_again(&mut self) {
        let Some(sources) = &self.sources else {
            return;
        };
        let config = match sources.load() {
            Ok(config) => config,
            Err(errors) => {
                for error in errors.iter() {
                    tracing::error!("{error}");
                }
                let is_closed = self.connections.shared.sandbox.landlock > 0;
                if is_closed
                    && errors
                        .iter()
                        .any(|error| error.to_string().contains("ermission denied"))
                {
                    tracing::error!(
                        "files in other directories than those of the configuration in force are closed to the sandboxed \
                         server; they take a restart"
                    );
                }
                tracing::error!("the configuration stays as it was");
                return;
            }
        };
        if config.listen != self.config.listen {
            tracing::warn!("the listeners changed; that takes a restart");
        }
        if config.server.unicode_names != self.config.server.unicode_names {
            tracing::warn!("[server] unicode_names changed; that takes a restart");
        }
        if config.server.data != self.config.server.data {
            tracing::warn!("[server] data changed; that takes a restart");
        }
        if config.server.sandbox != self.config.server.sandbox {
            tracing::warn!("[server] sandbox changed; that takes a restart");
        }
        if config.limits.clients != self.config.limits.clients {
            tracing::warn!("[limits] clients changed; that takes a restart");
        }
        let settings = Settings::new(&config);
        self.renew_certificates(&config);
        self.set_ceiling(settings.queued_total);
        let net = self.event_loop.net_mut();
        self.connections.apply_settings(net, settings);
        let started = self.connections.shared.server_info.started;
        let info = server_info(&config, started);
        self.connections.shared.set_server_info(info);
        let own = [config.server.name.as_str(), &config.server.network];
        self.connections.shared.hub.reserve(&own);
        self.connections.shared.server_info.sts = certificates::sts(&config, &self.listening);
        self.config = Config {
            listen: self.config.listen.clone(),
            ..config
        };
        tracing::info!("configuration read again");
    }

    /// Logs the fingerprint of a self-signed certificate, and keeps the certificate for the next start if there is a place
    /// for it.
    pub(super) fn keep_certificate(&self) -> Result<(), Error> {
        if !self.config.tls.self_signed {
            return Ok(());
        }
        for credential in &self.config.tls.credentials {
            let sha256 = Fingerprint::of(credential.certificate());
            tracing::info!(%sha256, "the certificate is self-signed; this is its fingerprint");
        }
        let unusable = self
            .sources
            .as_ref()
            .and_then(|sources| sources.self_signed.unusable());
        if let Some(why) = unusable {
            tracing::warn!(
                "the certificate of our own making was made anew, for {why}; clients will ask again"
            );
        }
        let kept = self
            .sources
            .as_ref()
            .map(|sources| sources.self_signed.keep());
        match kept {
            Some(Ok(Some(path))) => {
                tracing::info!(path = %path.display(), "kept for the next start")
            }
            Some(Err(e)) => return Err(Error::Tls(e.to_string())),
            _ => {}
        }
        Ok(())
    }

    /// Takes over certificates that were read again. Connections that exist keep theirs.
    pub(super) fn renew_certificates(&mut self, config: &Config) {
        let credentials = &config.tls.credentials;
        let renewed = match &self.connections.shared.tls {
            Some(_) if credentials.is_empty() => {
                return tracing::warn!("[tls] names no certificate any more; that takes a restart");
            }
            Some(secrets) => secrets.renew(credentials).map(Some),
            None => Certificates::new(credentials),
        };
        match renewed {
            Ok(secrets) => self.connections.shared.tls = secrets,
            Err(error) => tracing::error!("{error}; certificates stay as they were"),
        }
    }
}
