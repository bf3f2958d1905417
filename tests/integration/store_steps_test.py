#!/usr/bin/python3
# run: timeout=600
"""Two daemons meet in a real PostgreSQL, moved turn by turn: build/tests/integration/store_steps plays each scenario (steps_*.c).

Each rule of the write protocol was broken once, in a copy, and its scenarios failed: w, a batch was written that should have been
refused, and the tables are not the oracle's; d, the server had to end a deadlock; else what is said.

  rule                                      broken                                    scenarios that failed
  a known arbiter has the version loaded    no version in sql_arbiters_known          touch_against_*, early_touch_against_second_claim: w
  … also after waiting for another          no ctid, no version in its UPDATE         touch_while_touch_commits: w
  … and is that contact's                   no contact_id in sql_arbiters_known       place_given_to_another: not refused
  a new arbiter is new                      DO UPDATE instead of DO NOTHING           first_touch_against_*: w
  the counts of rows are looked at          written_all() says true                   touch_against_*, first_touch_against_*: w
  the careful way counts versions, too      save_states, bump leave the version       touch_against_careful_touch: w
  who is concerned is written, touched or   no bumped ones in gather_contacts()       first_touch_against_claim, claim_against_first_touch,
    not, by INSERT where there is no row                                                touch_against_grant: w
  … version + 1 of an empty one             bump leaves the version                   first_touch_again_against_careful_claim: w
  claims and consents concern all claimed   no mark_facts()                           claim_against_grant, grant_against_claim,
                                                                                        grant_against_second_claim: w
  a touch before a shared browser's first   no mark_sessions()                        anonymous_touch_against_early_touch,
    claim concerns both whom it may be                                                  early_touch_against_anonymous_touch: not refused
  an erasure writes the arbiter             it does not                               first_touch_against_erasure: w
  … and leaves it                           it deletes it                             first_touch_against_touch_and_erasure: w
  what is read is of one age                PEEK begins READ COMMITTED                load_while_claim_commits: w
  careful: locks before states, claims      phases, then locks; claims, then locks    careful_states_while_touch_commits: w;
                                                                                        careful_load_while_claim_commits: no ROLLBACK
  careful: missing arbiters are made        no sql_arbiters                           careful_first_touches: waits for no lock
  careful: arbiters are locked              no FOR UPDATE                             careful_*, quick_while_careful_holds: wait for no lock
  who is not locked: start over             everybody_is_there() says true            careful_load_while_claim_commits: crash
  all in key order                          B's lists turned round, one by one        careful_crossing, careful_crossing_of_new,
                                                                                        quick_crossing, quick_crossing_of_new: d
  23505 is a duplicate nobody foresaw       not in way_missed()                       duplicate_*: the message is refused
  a replay is not tried in vain             wary_left never set, never used up        replay: tried too often, never again
  epoch, next_offset                        each taken out of position_advance()      zombie, careful_zombie; position_moved: not refused
  … before anything of a zombie's           no store_add_holds() before subjects;     zombie: has written a subject;
                                              before months                             zombie_in_a_new_month,
                                                                                        careful_zombie_in_a_new_month: not refused
  positions before arbiters                 store_add_positions() in SAVE's end       claim_while_quick_writes: waits for no lock;
                                                                                        lost_commit_lands_late: PH002 comes before PH001
  no row moved does not mean a zombie       LOOK not asked, or not believed           lost_commit_lands_late: handed back
  folded by the model in force              position_advance_under() says nothing     model_changes: not refused

Of mark_sessions() no table would tell: where such a touch changes whose another one is, the stretches of both persons change, and
both arbiters are written already. It stands since the protocol was checked with it, and is held to what it says.
"""
import os
import subprocess

import phased_test

STEPS = os.path.join(phased_test.BUILD, "tests", "integration", "store_steps")


class StoreSteps(phased_test.PhasedTest):
    def test_every_rule_holds_at_the_moment_it_is_for(self):
        self.new_database()
        self.write_config()
        self.phasectl(["migrate"])
        scenarios = subprocess.run([STEPS, "list"], capture_output=True, text=True, check=True).stdout.split()
        for scenario in scenarios:
            # The careful way has no COPY.
            for touches in ("insert",) if scenario.startswith("careful") else ("insert", "copy"):
                with self.subTest(scenario, touches=touches):
                    done = subprocess.run([STEPS, self.database, touches, scenario], capture_output=True, text=True, timeout=60,
                                          cwd=phased_test.ROOT)
                    self.assertEqual(0, done.returncode, done.stdout + done.stderr)


if __name__ == "__main__":
    phased_test.main()
