-- What each column says about a person: pii:none, pii:pseudonym (a keyed hash, or tied to one) or pii:direct (reads as a
-- person without any key). Export and erasure go by these tags; a test finds columns without one.

SET LOCAL ROLE phased_owner;

COMMENT ON TABLE phased.schema_version IS 'Which files of schema/ built this database.';
COMMENT ON COLUMN phased.schema_version.version IS 'pii:none';
COMMENT ON COLUMN phased.schema_version.name IS 'pii:none';
COMMENT ON COLUMN phased.schema_version.sha256 IS 'pii:none';
COMMENT ON COLUMN phased.schema_version.applied_at IS 'pii:none';
COMMENT ON COLUMN phased.schema_version.applied_by IS 'Database role of whoever migrated. pii:none';

COMMENT ON TABLE phased.setting IS 'Settings that must never change once data rests on them.';
COMMENT ON COLUMN phased.setting.key IS 'pii:none';
COMMENT ON COLUMN phased.setting.value IS 'pii:none';

COMMENT ON TABLE phased.actor IS 'One identifier of somebody.';
COMMENT ON COLUMN phased.actor.actor_id IS 'Keyed hash of kind, space and value. pii:pseudonym';
COMMENT ON COLUMN phased.actor.kind IS 'pii:none';
COMMENT ON COLUMN phased.actor.space IS 'pii:none';
COMMENT ON COLUMN phased.actor.value IS 'The identifier itself, with profile consent only. pii:direct';

COMMENT ON TABLE phased.claim IS 'At this time the person behind weak was strong.';
COMMENT ON COLUMN phased.claim.weak IS 'pii:pseudonym';
COMMENT ON COLUMN phased.claim.strong IS 'pii:pseudonym';
COMMENT ON COLUMN phased.claim.stamped IS 'pii:pseudonym';
COMMENT ON COLUMN phased.claim.event_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.claim.at IS 'pii:pseudonym';
COMMENT ON COLUMN phased.claim.strength IS 'pii:none';

COMMENT ON TABLE phased.consent IS 'What people said about being measured and being written to.';
COMMENT ON COLUMN phased.consent.actor_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.consent.purpose IS 'pii:none';
COMMENT ON COLUMN phased.consent.stamped IS 'pii:pseudonym';
COMMENT ON COLUMN phased.consent.event_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.consent.touch_actor IS 'pii:pseudonym';
COMMENT ON COLUMN phased.consent.at IS 'pii:pseudonym';
COMMENT ON COLUMN phased.consent.state IS 'pii:pseudonym';
COMMENT ON COLUMN phased.consent.source IS 'pii:none';
COMMENT ON COLUMN phased.consent.policy IS 'pii:none';

COMMENT ON TABLE phased.declared IS 'What people said about themselves.';
COMMENT ON COLUMN phased.declared.actor_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.declared.attribute IS 'pii:none';
COMMENT ON COLUMN phased.declared.source IS 'pii:none';
COMMENT ON COLUMN phased.declared.stamped IS 'pii:pseudonym';
COMMENT ON COLUMN phased.declared.event_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.declared.touch_actor IS 'pii:pseudonym';
COMMENT ON COLUMN phased.declared.at IS 'pii:pseudonym';
COMMENT ON COLUMN phased.declared.value IS 'Address, name, role, title or company. pii:direct';

COMMENT ON TABLE phased.contact IS 'A person, as the facts say; only with profile consent.';
COMMENT ON COLUMN phased.contact.contact_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.contact.address IS 'pii:direct';
COMMENT ON COLUMN phased.contact.name IS 'pii:direct';
COMMENT ON COLUMN phased.contact.role IS 'pii:direct';
COMMENT ON COLUMN phased.contact.role_declared IS 'pii:direct';
COMMENT ON COLUMN phased.contact.title IS 'pii:direct';
COMMENT ON COLUMN phased.contact.company IS 'pii:direct';
COMMENT ON COLUMN phased.contact.may_write IS 'pii:pseudonym';

COMMENT ON TABLE phased.stretch IS 'Whose touches of an actor these are, and when.';
COMMENT ON COLUMN phased.stretch.actor_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.stretch.from_at IS 'pii:pseudonym';
COMMENT ON COLUMN phased.stretch.to_at IS 'pii:pseudonym';
COMMENT ON COLUMN phased.stretch.contact_id IS 'pii:pseudonym';

COMMENT ON TABLE phased.subject IS 'What touches were about: pages, mailings, forms. Shared by everybody who touched it.';
COMMENT ON COLUMN phased.subject.subject_id IS 'pii:none';
COMMENT ON COLUMN phased.subject.source IS 'pii:none';
COMMENT ON COLUMN phased.subject.site IS 'pii:none';
COMMENT ON COLUMN phased.subject.channel IS 'pii:none';
COMMENT ON COLUMN phased.subject.process IS 'pii:none';
COMMENT ON COLUMN phased.subject.action IS 'pii:none';
COMMENT ON COLUMN phased.subject.label IS 'Address-like text is masked before it comes here. pii:none';
COMMENT ON COLUMN phased.subject.host IS 'pii:none';
COMMENT ON COLUMN phased.subject.path IS 'Masked likewise. pii:none';
COMMENT ON COLUMN phased.subject.title IS 'Masked likewise. pii:none';
COMMENT ON COLUMN phased.subject.content_id IS 'Masked likewise. pii:none';
COMMENT ON COLUMN phased.subject.form_id IS 'Masked likewise. pii:none';
COMMENT ON COLUMN phased.subject.target_host IS 'pii:none';
COMMENT ON COLUMN phased.subject.target_path IS 'Masked likewise. pii:none';
COMMENT ON COLUMN phased.subject.topic IS 'Names of topics, never what was written. pii:none';
COMMENT ON COLUMN phased.subject.engagement IS 'pii:none';
COMMENT ON COLUMN phased.subject.properties IS 'Masked likewise. pii:none';

COMMENT ON TABLE phased.subject_rule IS 'Which rule of which process a subject matches under a model.';
COMMENT ON COLUMN phased.subject_rule.model_version IS 'pii:none';
COMMENT ON COLUMN phased.subject_rule.subject_id IS 'pii:none';
COMMENT ON COLUMN phased.subject_rule.process IS 'pii:none';
COMMENT ON COLUMN phased.subject_rule.rule IS 'pii:none';
COMMENT ON COLUMN phased.subject_rule.rule_number IS 'pii:none';
COMMENT ON COLUMN phased.subject_rule.content IS 'pii:none';
COMMENT ON COLUMN phased.subject_rule.mail_click IS 'pii:none';
COMMENT ON COLUMN phased.subject_rule.link IS 'pii:none';
COMMENT ON COLUMN phased.subject_rule.confirm IS 'pii:none';

COMMENT ON TABLE phased.touch IS 'An accepted event: who, when, what about.';
COMMENT ON COLUMN phased.touch.actor_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.touch.stamped IS 'pii:pseudonym';
COMMENT ON COLUMN phased.touch.event_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.touch.received IS 'pii:pseudonym';
COMMENT ON COLUMN phased.touch.at IS 'pii:pseudonym';
COMMENT ON COLUMN phased.touch.subject_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.touch.reasons IS 'pii:pseudonym';
COMMENT ON COLUMN phased.touch.party IS 'pii:none';

COMMENT ON TABLE phased.phase IS 'The phase of a contact in a process; row standard is the contact''s arbiter.';
COMMENT ON COLUMN phased.phase.contact_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase.process IS 'pii:none';
COMMENT ON COLUMN phased.phase.version IS 'pii:none';
COMMENT ON COLUMN phased.phase.model_version IS 'pii:none';
COMMENT ON COLUMN phased.phase.fold IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase.counted IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase.confirmed IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase.activity IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase.early IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase.mid IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase.late IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase.reported IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase.shown IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase.fine IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase.band IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase.since IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase.last_at IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase.review_at IS 'pii:pseudonym';

COMMENT ON TABLE phased.phase_change IS 'What was shown of a contact, from when on.';
COMMENT ON COLUMN phased.phase_change.contact_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase_change.process IS 'pii:none';
COMMENT ON COLUMN phased.phase_change.at IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase_change.from_shown IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase_change.to_shown IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase_change.cause IS 'pii:pseudonym';
COMMENT ON COLUMN phased.phase_change.noticed_at IS 'pii:none';
COMMENT ON COLUMN phased.phase_change.late IS 'pii:none';

COMMENT ON TABLE phased.outcome_day IS 'How many events ended how, a day and source.';
COMMENT ON COLUMN phased.outcome_day.day IS 'pii:none';
COMMENT ON COLUMN phased.outcome_day.source IS 'pii:none';
COMMENT ON COLUMN phased.outcome_day.site IS 'pii:none';
COMMENT ON COLUMN phased.outcome_day.channel IS 'pii:none';
COMMENT ON COLUMN phased.outcome_day.outcome IS 'pii:none';
COMMENT ON COLUMN phased.outcome_day.n IS 'pii:none';

COMMENT ON TABLE phased.rejected IS 'Messages that could not be read: why, not what.';
COMMENT ON COLUMN phased.rejected.topic IS 'pii:none';
COMMENT ON COLUMN phased.rejected.partition IS 'pii:none';
COMMENT ON COLUMN phased.rejected."offset" IS 'pii:none';
COMMENT ON COLUMN phased.rejected.reason IS 'pii:none';
COMMENT ON COLUMN phased.rejected.field IS 'pii:none';
COMMENT ON COLUMN phased.rejected.size IS 'pii:none';
COMMENT ON COLUMN phased.rejected.hash IS 'pii:none';
COMMENT ON COLUMN phased.rejected.at IS 'pii:none';
COMMENT ON COLUMN phased.rejected.source IS 'pii:none';

COMMENT ON TABLE phased.position IS 'How far a group of daemons has come in each partition.';
COMMENT ON COLUMN phased.position.grp IS 'pii:none';
COMMENT ON COLUMN phased.position.topic IS 'pii:none';
COMMENT ON COLUMN phased.position.partition IS 'pii:none';
COMMENT ON COLUMN phased.position.next_offset IS 'pii:none';
COMMENT ON COLUMN phased.position.epoch IS 'pii:none';
COMMENT ON COLUMN phased.position.owner IS 'pii:none';
COMMENT ON COLUMN phased.position.end_offset IS 'pii:none';
COMMENT ON COLUMN phased.position.oldest IS 'pii:none';
COMMENT ON COLUMN phased.position.updated_at IS 'pii:none';

COMMENT ON TABLE phased.model IS 'Phase models, as accepted.';
COMMENT ON COLUMN phased.model.version IS 'pii:none';
COMMENT ON COLUMN phased.model.text IS 'pii:none';
COMMENT ON COLUMN phased.model.accepted_at IS 'pii:none';
COMMENT ON COLUMN phased.model.accepted_by IS 'Database role of whoever accepted it. pii:none';
COMMENT ON COLUMN phased.model.in_force IS 'pii:none';

COMMENT ON TABLE phased.model_state IS 'The words of a model''s states.';
COMMENT ON COLUMN phased.model_state.model_version IS 'pii:none';
COMMENT ON COLUMN phased.model_state.process IS 'pii:none';
COMMENT ON COLUMN phased.model_state.state IS 'pii:none';
COMMENT ON COLUMN phased.model_state.name IS 'pii:none';
COMMENT ON COLUMN phased.model_state.main IS 'pii:none';

COMMENT ON TABLE phased.erasure IS 'Who was erased: what happened at or before is refused for ever.';
COMMENT ON COLUMN phased.erasure.actor_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.erasure.at IS 'pii:none';
COMMENT ON COLUMN phased.erasure.positions IS 'pii:none';
