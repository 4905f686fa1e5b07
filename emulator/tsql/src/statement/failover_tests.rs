//! A planned failover as the session that asks for it sees it: it waits, and hears how it came out.

use milink_core::World;
use milink_core::certificate::CertificateFacts;
use milink_core::durations::Profile;
use milink_core::ids::{DatabaseId, SessionId};
use milink_core::network::{Reach, SetReach};
use milink_core::time::Timestamp;

use crate::catalog::tests::lab::Lab;
use crate::session::event::Event;
use crate::session::host::{CertificateRequest, Host};
use crate::session::{Options, Request, Session, Step, Wait};

struct TestHost<'a>(&'a mut World);

impl Host for TestHost<'_> {
    fn snapshot(&mut self) -> World {
        self.0.clone()
    }

    fn update(&mut self, change: &mut dyn FnMut(&mut World, Timestamp)) {
        let now = self.0.now();
        change(self.0, now);
    }

    fn make_certificate(&mut self, _: &CertificateRequest) -> CertificateFacts {
        unreachable!("the statement makes no certificate")
    }

    fn read_certificate(&mut self, _: &[u8]) -> Result<CertificateFacts, String> {
        Err("not a certificate".to_owned())
    }

    fn is_cancelled(&self) -> bool {
        false
    }

    fn has_own_thread(&self) -> bool {
        true
    }
}

/// Runs the statement on SQL Server; says how often it waited, and what it was told. `meanwhile` happens while it waits.
fn fail_over(lab: &mut Lab, meanwhile: fn(&mut Lab)) -> (usize, Vec<String>) {
    let mut session = Session::new(Options {
        instance: lab.sql,
        session: SessionId(51),
        login: "sa".into(),
        database: DatabaseId(1),
        seed: 1,
    });
    session.start(Request::Batch {
        text: "ALTER AVAILABILITY GROUP [DAG_db1] FAILOVER".to_owned(),
    });
    let (mut waits, mut events) = (0, Vec::new());
    loop {
        match session.step(&mut TestHost(&mut lab.world), &mut events) {
            Step::Finished => break,
            Step::Continue => {}
            Step::Wait(Wait::Until(until)) => {
                waits += 1;
                meanwhile(lab);
                lab.world.advance_to(until);
            }
            Step::Wait(_) => panic!("the end of the failover is known"),
        }
    }
    let told = events.into_iter().filter_map(|event| match event {
        Event::Error(error) => Some(format!("error {}", error.number)),
        Event::Done(_) => Some("done".to_owned()),
        _ => None,
    });
    (waits, told.collect())
}

#[test]
fn a_failover_is_waited_for_and_one_that_is_called_off_says_so() {
    type Meanwhile = fn(&mut Lab);
    let cases: [(&str, Meanwhile, &str, &str); 3] = [
        ("undisturbed", |_| (), "done", "(Secondary, Primary)"),
        (
            "the partner is lost",
            |lab| {
                let (from, to) = (lab.sql, lab.mi);
                let reach = Reach::Refused;
                lab.apply(SetReach { from, to, reach });
            },
            "error 47514",
            "(Primary, Secondary)",
        ),
        (
            "the partner falls silent",
            |lab| {
                let (from, to) = (lab.sql, lab.mi);
                let reach = Reach::Silent;
                lab.apply(SetReach { from, to, reach });
            },
            "error 47514",
            "(Primary, Secondary)",
        ),
    ];
    for (case, meanwhile, told, roles) in cases {
        let mut lab = Lab::linked(Profile::Azure);
        let (waits, heard) = fail_over(&mut lab, meanwhile);
        assert_eq!(waits, 1, "{case}");
        assert_eq!(heard.first().map(String::as_str), Some(told), "{case}");
        assert_eq!(format!("{:?}", lab.roles()), roles, "{case}");
    }
}
