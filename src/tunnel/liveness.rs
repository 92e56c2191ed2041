//! Liveness of an agent that hookglass started, from regular checks.

/// Failed checks in a row after which the tunnel is reported as down.
const REPORT_AFTER: u32 = 2;

/// Failed checks in a row after which the agent is started again. A quick tunnel gets a new URL
/// then, so the agent first has time to connect again by itself.
const RESTART_AFTER: u32 = 10;

/// Result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pulse {
    Connected,
    /// Its local interface reports no connection, or cannot be reached.
    Disconnected,
    /// The process is stopped by a signal.
    Suspended,
    /// This agent has no interface to ask.
    Unknown,
}

/// Reaction to a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reaction {
    None,
    /// Report the tunnel as down.
    Report,
    /// Report it as up again.
    Recovered,
    Restart,
}

#[derive(Debug, Default)]
pub(super) struct Liveness {
    failures: u32,
    /// The interface has reported a connection before. Without it, silence means nothing: the
    /// interface may be switched off or on another port.
    has_interface: bool,
}

impl Liveness {
    pub(super) fn next(&mut self, pulse: Pulse) -> Reaction {
        let failed = match pulse {
            Pulse::Connected => {
                self.has_interface = true;
                false
            }
            Pulse::Disconnected => self.has_interface,
            Pulse::Suspended => true,
            Pulse::Unknown => false,
        };
        let before = self.failures;
        self.failures = if failed { before.saturating_add(1) } else { 0 };
        match self.failures {
            0 if before >= REPORT_AFTER => Reaction::Recovered,
            REPORT_AFTER => Reaction::Report,
            RESTART_AFTER.. => Reaction::Restart,
            _ => Reaction::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reactions(pulses: &[(Pulse, usize)]) -> Vec<Reaction> {
        let mut liveness = Liveness::default();
        let pulses = pulses.iter().flat_map(|(pulse, times)| std::iter::repeat_n(*pulse, *times));
        pulses.map(|pulse| liveness.next(pulse)).filter(|one| *one != Reaction::None).collect()
    }

    #[test]
    fn a_suspended_agent_is_reported_and_then_started_again() {
        assert_eq!(reactions(&[(Pulse::Suspended, 10)]), [Reaction::Report, Reaction::Restart]);
    }

    #[test]
    fn a_lost_connection_is_reported_until_it_is_back() {
        assert_eq!(
            reactions(&[(Pulse::Connected, 1), (Pulse::Disconnected, 5), (Pulse::Connected, 1)]),
            [Reaction::Report, Reaction::Recovered]
        );
    }

    #[test]
    fn an_interface_that_never_reported_a_connection_proves_nothing() {
        assert_eq!(reactions(&[(Pulse::Disconnected, 50), (Pulse::Unknown, 50)]), []);
    }

    #[test]
    fn a_single_failed_check_is_not_reported() {
        let short = [(Pulse::Connected, 1), (Pulse::Disconnected, 1), (Pulse::Connected, 1)];
        assert_eq!(reactions(&short), []);
    }
}
