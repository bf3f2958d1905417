-- Who moves: what of table phase_change can be summed up is kept summed up, so that overviews need not read it; and the views that people ask
-- for the journey, movement, durations and trust.

SET LOCAL ROLE phased_owner;

-- ---- What a change says by itself ----

-- Since when the phase was shown that this change ends: no sum has to look for the change before it.
ALTER TABLE phased.phase_change ADD COLUMN from_since timestamptz;
UPDATE phased.phase_change c SET from_since = b.at
FROM (SELECT d.contact_id, d.process, d.at AS until, lag(d.at) OVER (PARTITION BY d.contact_id, d.process ORDER BY d.at) AS at
	FROM phased.phase_change d) b
WHERE c.contact_id = b.contact_id AND c.process = b.process AND c.at = b.until AND b.at IS NOT NULL;
-- Who asks for a week of them reads few blocks.
CREATE INDEX phase_change_week ON phased.phase_change USING brin ((date_trunc('week', at AT TIME ZONE 'UTC')::date) date_minmax_multi_ops)
	WITH (pages_per_range = 32, autosummarize = on);

-- ---- Sums ----

-- What was added to phase_change (n = 1 and more) and taken from it (less than 0) since the sums below were made: rows are only ever added, so
-- that no batch waits for another.
CREATE TABLE phased.change_added (
	day date NOT NULL,
	process text NOT NULL,
	from_shown smallint NOT NULL,
	to_shown smallint NOT NULL,
	hours integer,				-- how long from_shown was shown; NULL: it is no phase
	n bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
-- Both are sums of all that stands there no longer.
CREATE TABLE phased.change_day (
	day date NOT NULL,
	process text NOT NULL,
	from_shown smallint NOT NULL,
	to_shown smallint NOT NULL,
	n bigint NOT NULL,
	PRIMARY KEY (day, process, from_shown, to_shown)
);
CREATE TABLE phased.change_stay (
	process text NOT NULL,
	shown smallint NOT NULL,
	hours integer NOT NULL,
	n bigint NOT NULL,
	PRIMARY KEY (process, shown, hours)
);

-- Whole hours below a fortnight, then whole days: durations that are summed up by how long they were.
CREATE FUNCTION phased.change_hours(p_shown smallint, p_since timestamptz, p_until timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN p_shown >= 2 AND p_since <= p_until THEN CASE WHEN p_until - p_since < interval '336 hours'
		THEN floor(extract(epoch FROM p_until - p_since) / 3600)::integer
		ELSE floor(extract(epoch FROM p_until - p_since) / 86400)::integer * 24 END END
$$;

-- Into the sums with what was added. Nobody waits: where somebody else is at it, it is done.
CREATE FUNCTION phased.change_compact() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF NOT pg_try_advisory_xact_lock(hashtext('phased.change_compact')) THEN
		RETURN;
	END IF;
	WITH gone AS (
		DELETE FROM phased.change_added RETURNING *
	), days AS (
		INSERT INTO phased.change_day AS d (day, process, from_shown, to_shown, n)
		SELECT g.day, g.process, g.from_shown, g.to_shown, sum(g.n) FROM gone g
		GROUP BY g.day, g.process, g.from_shown, g.to_shown HAVING sum(g.n) <> 0
		ON CONFLICT (day, process, from_shown, to_shown) DO UPDATE SET n = d.n + excluded.n
	)
	INSERT INTO phased.change_stay AS s (process, shown, hours, n)
	SELECT g.process, g.from_shown, g.hours, sum(g.n) FROM gone g
	WHERE g.hours IS NOT NULL
	GROUP BY g.process, g.from_shown, g.hours HAVING sum(g.n) <> 0
	ON CONFLICT (process, shown, hours) DO UPDATE SET n = s.n + excluded.n;
END
$$;

-- By whatever statement: the sums are of what stands in phase_change, whoever writes it. Every 64th transaction that writes any sums up.
CREATE FUNCTION phased.change_note() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	noted bigint;
BEGIN
	IF TG_OP = 'INSERT' THEN
		INSERT INTO phased.change_added (day, process, from_shown, to_shown, hours, n)
		SELECT (c.at AT TIME ZONE 'UTC')::date, c.process, c.from_shown, c.to_shown,
			phased.change_hours(c.from_shown, c.from_since, c.at), count(*)
		FROM added c GROUP BY 1, 2, 3, 4, 5;
	ELSIF TG_OP = 'DELETE' THEN
		INSERT INTO phased.change_added (day, process, from_shown, to_shown, hours, n)
		SELECT (c.at AT TIME ZONE 'UTC')::date, c.process, c.from_shown, c.to_shown,
			phased.change_hours(c.from_shown, c.from_since, c.at), -count(*)
		FROM gone c GROUP BY 1, 2, 3, 4, 5;
	ELSE
		INSERT INTO phased.change_added (day, process, from_shown, to_shown, hours, n)
		SELECT (c.at AT TIME ZONE 'UTC')::date, c.process, c.from_shown, c.to_shown,
			phased.change_hours(c.from_shown, c.from_since, c.at), sum(c.n)
		FROM (SELECT g.*, -1 AS n FROM gone g UNION ALL SELECT a.*, 1 FROM added a) c
		GROUP BY 1, 2, 3, 4, 5 HAVING sum(c.n) <> 0;
	END IF;
	GET DIAGNOSTICS noted = ROW_COUNT;
	IF noted > 0 AND pg_current_xact_id()::text::bigint % 64 = 0 THEN
		PERFORM phased.change_compact();
	END IF;
	RETURN NULL;
END
$$;
CREATE TRIGGER change_note_added AFTER INSERT ON phased.phase_change REFERENCING NEW TABLE AS added
	FOR EACH STATEMENT EXECUTE FUNCTION phased.change_note();
CREATE TRIGGER change_note_gone AFTER DELETE ON phased.phase_change REFERENCING OLD TABLE AS gone
	FOR EACH STATEMENT EXECUTE FUNCTION phased.change_note();
CREATE TRIGGER change_note_other AFTER UPDATE ON phased.phase_change REFERENCING OLD TABLE AS gone NEW TABLE AS added
	FOR EACH STATEMENT EXECUTE FUNCTION phased.change_note();

INSERT INTO phased.change_added (day, process, from_shown, to_shown, hours, n)
SELECT (c.at AT TIME ZONE 'UTC')::date, c.process, c.from_shown, c.to_shown,
	phased.change_hours(c.from_shown, c.from_since, c.at), count(*)
FROM phased.phase_change c GROUP BY 1, 2, 3, 4, 5;
SELECT phased.change_compact();

CREATE VIEW phased.change_sum AS
SELECT c.day, c.process, c.from_shown, c.to_shown, sum(c.n)::bigint AS n
FROM (
	SELECT d.day, d.process, d.from_shown, d.to_shown, d.n FROM phased.change_day d
	UNION ALL
	SELECT a.day, a.process, a.from_shown, a.to_shown, a.n FROM phased.change_added a
) c
GROUP BY c.day, c.process, c.from_shown, c.to_shown
HAVING sum(c.n) <> 0;

-- ---- What a contact once came to ----

-- Of contacts in a process, written with their explanation: how far they came since it was last closed, how they fell back from there, and when
-- they entered late, the days among them that will come if nothing else does. And what is shown, as table phase has it then: few bytes a contact, so
-- that who asks for all reads few blocks.
CREATE TABLE phased.standing (
	contact_id uuid NOT NULL,
	process text NOT NULL,
	shown smallint NOT NULL,
	quiet boolean NOT NULL,
	since timestamptz,
	last_at timestamptz,
	stuck_at timestamptz,			-- when it will have been shown for twice as long as expected; NULL: no phase, or quiet
	peak smallint,				-- 2 early, 3 mid, 4 late: the farthest that was ever shown; NULL: none
	fell_at timestamptz,			-- when that was shown last, and no more; NULL: it is
	fell_rule text,				-- of the touch that moved it; NULL: time alone
	late_days date[] NOT NULL,
	PRIMARY KEY (contact_id, process)
) WITH (fillfactor = 70);
CREATE INDEX standing_fell ON phased.standing ((date_trunc('week', fell_at AT TIME ZONE 'UTC')::date)) WHERE fell_at IS NOT NULL;
CREATE INDEX standing_stuck ON phased.standing ((date_trunc('week', stuck_at AT TIME ZONE 'UTC')::date)) WHERE stuck_at IS NOT NULL;
CREATE INDEX standing_late ON phased.standing (contact_id) WHERE late_days <> '{}';

-- ---- Views ----

CREATE VIEW report.action AS
SELECT a.number, a.action
FROM (VALUES
	(0, 'UNSAID'), (1, 'IDENTIFY'), (2, 'GROUP'), (3, 'ALIAS'), (4, 'CONSENT'), (5, 'CONFIRM'), (6, 'CUSTOM'), (7, 'TOUCH'),
	(100, 'PAGE_VIEW'), (101, 'PAGE_ENGAGED'), (102, 'SITE_SEARCH'), (103, 'CONTENT_DOWNLOAD'), (104, 'LINK_OUT'),
	(105, 'BUTTON_CLICK'), (106, 'FORM_START'), (107, 'FORM_SUBMIT'), (108, 'VIDEO_PLAY'), (109, 'VIDEO_COMPLETE'),
	(200, 'EMAIL_SENT'), (201, 'EMAIL_DELIVERED'), (202, 'EMAIL_OPEN'), (203, 'EMAIL_CLICK'), (204, 'EMAIL_REPLY'),
	(205, 'EMAIL_FORWARD'), (206, 'EMAIL_BOUNCE'), (207, 'EMAIL_COMPLAINT'), (208, 'EMAIL_UNSUBSCRIBE'),
	(300, 'CHAT_STARTED'), (301, 'CHAT_MESSAGE'), (302, 'CHAT_ASSIGNED'), (303, 'CHAT_CLOSED'), (304, 'CHAT_RATED'),
	(400, 'OPP_CHANGED')) AS a (number, action);

CREATE VIEW report.journey AS
SELECT o.contact_id,
	t.at,
	CASE s.channel WHEN 1 THEN 'web' WHEN 2 THEN 'email' WHEN 3 THEN 'chat' WHEN 4 THEN 'crm' WHEN 5 THEN 'offline' END AS channel,
	coalesce(n.action, s.action::text) AS action,
	s.source,
	s.site,
	coalesce(r.process, nullif(s.process, '')) AS process,
	r.rule,
	nullif(r.content, '') AS content,
	nullif(s.label, '') AS label,
	nullif(s.title, '') AS title,
	nullif(s.host || s.path, '') AS page,
	nullif(s.target_host || s.target_path, '') AS target,
	nullif(s.topic, '') AS topic,
	CASE t.party WHEN 1 THEN 'person' WHEN 2 THEN 'agent' WHEN 3 THEN 'bot' WHEN 4 THEN 'system' END AS party,
	(t.reasons & ~coalesce(a.cleared, 0)) <> 0 AS machine,
	CASE WHEN d.n BETWEEN 1 AND cardinality(h.early) THEN	-- NULL: no history, or none of that day yet
		CASE WHEN h.early[d.n] IS NULL THEN 'none'
			WHEN h.early[d.n] >= h.mid[d.n] AND h.early[d.n] >= h.late[d.n] THEN 'early'
			WHEN h.mid[d.n] >= h.late[d.n] THEN 'mid'
			ELSE 'late' END END AS phase,
	h.early[d.n] / 1000.0::double precision AS early,
	h.mid[d.n] / 1000.0::double precision AS mid,
	h.late[d.n] / 1000.0::double precision AS late,
	lpad(to_hex(t.event_id), 16, '0') AS event,
	t.received
FROM (
	SELECT s.contact_id, s.actor_id, s.from_at, s.to_at
	FROM phased.stretch s
	UNION ALL
	SELECT a.actor_id, a.actor_id, '-infinity', 'infinity'
	FROM phased.actor a
	WHERE a.kind < 3 AND NOT EXISTS (SELECT FROM phased.stretch s WHERE s.actor_id = a.actor_id)
) o
JOIN phased.touch t ON t.actor_id = o.actor_id AND t.at >= o.from_at AND t.at < o.to_at
JOIN phased.subject s ON s.subject_id = t.subject_id
LEFT JOIN report.action n ON n.number = s.action
LEFT JOIN phased.subject_rule r ON r.subject_id = t.subject_id
	AND r.model_version = (SELECT f.version FROM phased.model f WHERE f.in_force)
LEFT JOIN phased.phase a ON a.contact_id = o.contact_id AND a.process = 'standard'
LEFT JOIN phased.history h ON h.contact_id = o.contact_id AND h.process = r.process
CROSS JOIN LATERAL (SELECT (t.at AT TIME ZONE 'UTC')::date - h.first_day + 1 AS n) d;

CREATE VIEW report.transition AS
SELECT c.day,
	c.process,
	CASE c.from_shown WHEN 1 THEN 'none' WHEN 2 THEN 'early' WHEN 3 THEN 'mid' WHEN 4 THEN 'late' ELSE 'unknown' END AS from_phase,
	CASE c.to_shown WHEN 1 THEN 'none' WHEN 2 THEN 'early' WHEN 3 THEN 'mid' WHEN 4 THEN 'late' ELSE 'unknown' END AS to_phase,
	CASE WHEN c.from_shown < 2 THEN 'enter' WHEN c.to_shown < 2 THEN 'leave' WHEN c.to_shown < c.from_shown THEN 'back'
		WHEN c.to_shown > c.from_shown + 1 THEN 'skip' ELSE 'forward' END AS direction,
	c.n AS contacts
FROM phased.change_sum c
WHERE c.from_shown >= 2 OR c.to_shown >= 2;

CREATE VIEW report.time_in_phase AS
SELECT i.contact_id,
	i.process,
	CASE i.shown WHEN 2 THEN 'early' WHEN 3 THEN 'mid' WHEN 4 THEN 'late' END AS phase,
	i.since,
	i.until,
	(extract(epoch FROM coalesce(i.until, now()) - i.since) / 86400)::double precision AS days
FROM (
	SELECT c.contact_id, c.process, c.from_shown AS shown, c.from_since AS since, c.at AS until
	FROM phased.phase_change c
	WHERE c.from_shown >= 2 AND c.from_since IS NOT NULL
	UNION ALL
	SELECT p.contact_id, p.process, p.shown, p.since, NULL
	FROM phased.phase p
	WHERE p.shown >= 2
) i;

CREATE VIEW report.phase_duration AS
SELECT d.process,
	CASE d.shown WHEN 2 THEN 'early' WHEN 3 THEN 'mid' WHEN 4 THEN 'late' END AS phase,
	max(d.upto)::bigint AS stays,
	min(d.hours) FILTER (WHERE d.upto >= .25 * d.stays) / 24.0::double precision AS days_p25,
	min(d.hours) FILTER (WHERE d.upto >= .5 * d.stays) / 24.0::double precision AS days_median,
	min(d.hours) FILTER (WHERE d.upto >= .75 * d.stays) / 24.0::double precision AS days_p75
FROM (
	SELECT s.process, s.shown, s.hours, sum(s.n) OVER (PARTITION BY s.process, s.shown ORDER BY s.hours) AS upto,
		sum(s.n) OVER (PARTITION BY s.process, s.shown) AS stays
	FROM (
		SELECT e.process, e.shown, e.hours, sum(e.n) AS n
		FROM (
			SELECT c.process, c.shown, c.hours, c.n FROM phased.change_stay c
			UNION ALL
			SELECT a.process, a.from_shown, a.hours, a.n FROM phased.change_added a WHERE a.hours IS NOT NULL
		) e
		GROUP BY e.process, e.shown, e.hours
		HAVING sum(e.n) > 0
	) s
) d
GROUP BY d.process, d.shown;

-- What movement says of standings; the weeks need no more of it than that.
CREATE VIEW report.standing AS
SELECT date_trunc('week', l.day::timestamp)::date AS week, s.contact_id, s.process, 'entered late' AS what, NULL::smallint AS from_shown,
	4::smallint AS to_shown, (l.day + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 microsecond' AS at,
	'late at least .4 at the end of two days' AS reason
FROM phased.standing s
CROSS JOIN LATERAL unnest(s.late_days) AS l (day)
WHERE s.late_days <> '{}' AND l.day < (now() AT TIME ZONE 'UTC')::date	-- of those that time alone brings some have not come yet
UNION ALL
SELECT date_trunc('week', s.fell_at AT TIME ZONE 'UTC')::date, s.contact_id, s.process, 'below peak', s.peak, s.shown, s.fell_at,
	CASE WHEN s.quiet AND s.last_at IS NOT NULL THEN 'quiet for ' || ((now() AT TIME ZONE 'UTC')::date - (s.last_at AT TIME ZONE 'UTC')::date) || ' days'
		WHEN s.fell_rule IS NULL THEN 'time alone'
		ELSE 'moved back by ' || s.fell_rule || ' on ' || to_char(s.fell_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') END
FROM phased.standing s
WHERE s.fell_at IS NOT NULL
UNION ALL
SELECT date_trunc('week', s.stuck_at AT TIME ZONE 'UTC')::date, s.contact_id, s.process, 'stuck', s.shown, s.shown, s.stuck_at,
	'shown for ' || floor(extract(epoch FROM now() - s.since) / 86400) || ' days, expected '
		|| floor(extract(epoch FROM s.stuck_at - s.since) / 86400 / 2)
FROM phased.standing s
WHERE s.stuck_at IS NOT NULL AND s.stuck_at <= now();

CREATE VIEW report.movement AS
SELECT m.week,
	m.contact_id,
	m.process,
	m.what,
	CASE m.from_shown WHEN 1 THEN 'none' WHEN 2 THEN 'early' WHEN 3 THEN 'mid' WHEN 4 THEN 'late' WHEN 0 THEN 'unknown' END AS from_phase,
	CASE m.to_shown WHEN 1 THEN 'none' WHEN 2 THEN 'early' WHEN 3 THEN 'mid' WHEN 4 THEN 'late' WHEN 0 THEN 'unknown' END AS to_phase,
	m.at,
	m.reason
FROM (
	SELECT date_trunc('week', c.at AT TIME ZONE 'UTC')::date AS week, c.contact_id, c.process,
		CASE WHEN c.from_shown < 2 THEN 'enter' WHEN c.to_shown < 2 THEN 'leave' WHEN c.to_shown < c.from_shown THEN 'back'
			WHEN c.to_shown > c.from_shown + 1 THEN 'skip' ELSE 'forward' END AS what,
		c.from_shown, c.to_shown, c.at, CASE WHEN c.cause IS NULL THEN 'time' ELSE 'touch' END AS reason
	FROM phased.phase_change c
	WHERE c.from_shown >= 2 OR c.to_shown >= 2
	UNION ALL
	SELECT s.week, s.contact_id, s.process, s.what, s.from_shown, s.to_shown, s.at, s.reason FROM report.standing s
) m;

CREATE VIEW report.movement_week AS
SELECT w.week, w.process, w.what, sum(w.contacts)::bigint AS contacts
FROM (
	SELECT date_trunc('week', t.day::timestamp)::date AS week, t.process, t.direction AS what, t.contacts
	FROM report.transition t
	UNION ALL
	SELECT m.week, m.process, m.what, 1
	FROM report.standing m
) w
GROUP BY w.week, w.process, w.what;

CREATE VIEW report.funnel AS
WITH moved AS (
	SELECT m.day, m.process, m.shown, sum(m.contacts) AS contacts, sum(m.accounts) AS accounts
	FROM (
		SELECT c.day, c.process, s.shown, s.one * c.n AS contacts, 0 AS accounts
		FROM phased.change_sum c
		CROSS JOIN LATERAL (VALUES (c.from_shown, -1), (c.to_shown, 1)) AS s (shown, one)
		UNION ALL
		SELECT c.day, c.process, s.shown, 0, s.one * c.n
		FROM (SELECT (a.at AT TIME ZONE 'UTC')::date AS day, a.process, a.from_shown, a.to_shown, count(*) AS n
			FROM phased.account_change a GROUP BY 1, 2, 3, 4) c
		CROSS JOIN LATERAL (VALUES (c.from_shown, -1), (c.to_shown, 1)) AS s (shown, one)
	) m
	WHERE m.shown >= 1
	GROUP BY m.day, m.process, m.shown
)
SELECT p.first + d.n AS day,
	p.process,
	w.phase,
	sum(coalesce(m.contacts, 0)) OVER (PARTITION BY p.process, w.shown ORDER BY d.n)::bigint AS contacts,
	sum(coalesce(m.accounts, 0)) OVER (PARTITION BY p.process, w.shown ORDER BY d.n)::bigint AS accounts
FROM (SELECT m.process, min(m.day) AS first, greatest(max(m.day), (now() AT TIME ZONE 'UTC')::date) AS last FROM moved m GROUP BY m.process) p
CROSS JOIN (VALUES (1, 'none'), (2, 'early'), (3, 'mid'), (4, 'late')) AS w (shown, phase)
CROSS JOIN LATERAL generate_series(0, p.last - p.first) AS d (n)
LEFT JOIN moved m ON m.process = p.process AND m.shown = w.shown AND m.day = p.first + d.n;

CREATE VIEW report.trust AS
SELECT o.day,
	o.source,
	o.site,
	CASE o.channel WHEN 1 THEN 'web' WHEN 2 THEN 'email' WHEN 3 THEN 'chat' WHEN 4 THEN 'crm' WHEN 5 THEN 'offline' END AS channel,
	sum(o.n)::bigint AS events,
	coalesce(sum(o.n) FILTER (WHERE o.outcome IN ('applied', 'machine')), 0)::bigint AS applied,
	coalesce(sum(o.n) FILTER (WHERE o.outcome = 'duplicate'), 0)::bigint AS duplicates,
	NULL::bigint AS identified,
	coalesce(sum(o.granted) FILTER (WHERE o.outcome <> 'duplicate'), 0)::bigint AS consented,
	coalesce(sum(o.n) FILTER (WHERE o.outcome = 'machine'), 0)::bigint AS machine,
	coalesce(sum(o.n) FILTER (WHERE o.outcome IN ('unreadable', 'too_large', 'bad_text', 'bad_value', 'unknown_action',
		'time_out_of_range', 'refused', 'uncollected')), 0)::bigint AS rejected
FROM phased.outcome_day o
WHERE o.outcome NOT IN ('reported', 'handed_back')
GROUP BY o.day, o.source, o.site, o.channel
HAVING sum(o.n) > 0;

CREATE VIEW report.reject_reason AS
SELECT r.reason, count(*) AS n, max(r.at) AS newest
FROM phased.rejected r
GROUP BY r.reason;

CREATE VIEW report.lag AS
SELECT p.topic,
	sum(b.messages)::bigint AS messages,
	coalesce(max(extract(epoch FROM now() - coalesce(p.oldest, p.updated_at))) FILTER (WHERE b.messages > 0), 0)::double precision AS seconds,
	max(p.updated_at) AS as_of
FROM phased.position p
-- Of the group that reads it: what another one once left is nobody's to do.
JOIN (SELECT DISTINCT ON (n.topic) n.topic, n.grp FROM phased.position n ORDER BY n.topic, n.updated_at DESC, n.grp) o
	ON o.topic = p.topic AND o.grp = p.grp
CROSS JOIN LATERAL (SELECT greatest(p.end_offset - greatest(p.next_offset, 0), 0) AS messages) b
GROUP BY p.topic;

-- ---- Rights ----

GRANT SELECT, INSERT, UPDATE, DELETE ON phased.standing TO phased_writer;
GRANT SELECT, DELETE ON phased.standing TO phased_privacy;
GRANT SELECT ON phased.change_added, phased.change_day, phased.change_stay, phased.change_sum TO phased_privacy;
GRANT SELECT ON report.standing, report.journey, report.transition, report.time_in_phase, report.phase_duration, report.movement, report.movement_week,
	report.funnel TO phased_reader, phased_seller, phased_privacy;
GRANT SELECT ON report.action, report.trust, report.reject_reason, report.lag TO phased_reader, phased_seller, phased_privacy, phased_monitor;
REVOKE ALL ON FUNCTION phased.change_hours(smallint, timestamptz, timestamptz), phased.change_compact(), phased.change_note() FROM PUBLIC;

-- ---- What they say ----

COMMENT ON COLUMN phased.phase_change.from_since IS 'Since when that was shown which this change ends. pii:pseudonym';
COMMENT ON TABLE phased.change_added IS 'Changes of what is shown that the sums of them do not have yet.';
COMMENT ON COLUMN phased.change_added.day IS 'UTC. pii:none';
COMMENT ON COLUMN phased.change_added.process IS 'pii:none';
COMMENT ON COLUMN phased.change_added.from_shown IS 'pii:none';
COMMENT ON COLUMN phased.change_added.to_shown IS 'pii:none';
COMMENT ON COLUMN phased.change_added.hours IS 'How long the phase was shown that they end: hours, from a fortnight on whole days. pii:none';
COMMENT ON COLUMN phased.change_added.n IS 'How many; less than 0: that are there no longer. pii:none';
COMMENT ON TABLE phased.change_day IS 'How many changes of what is shown there were each day; change_added has the newest.';
COMMENT ON COLUMN phased.change_day.day IS 'UTC. pii:none';
COMMENT ON COLUMN phased.change_day.process IS 'pii:none';
COMMENT ON COLUMN phased.change_day.from_shown IS 'pii:none';
COMMENT ON COLUMN phased.change_day.to_shown IS 'pii:none';
COMMENT ON COLUMN phased.change_day.n IS 'pii:none';
COMMENT ON TABLE phased.change_stay IS 'How many stays in a phase were how long; change_added has the newest.';
COMMENT ON COLUMN phased.change_stay.process IS 'pii:none';
COMMENT ON COLUMN phased.change_stay.shown IS 'pii:none';
COMMENT ON COLUMN phased.change_stay.hours IS 'pii:none';
COMMENT ON COLUMN phased.change_stay.n IS 'pii:none';
COMMENT ON VIEW phased.change_sum IS 'Changes of what is shown by day: the sums with what was added.';
COMMENT ON COLUMN phased.change_sum.day IS 'pii:none';
COMMENT ON COLUMN phased.change_sum.process IS 'pii:none';
COMMENT ON COLUMN phased.change_sum.from_shown IS 'pii:none';
COMMENT ON COLUMN phased.change_sum.to_shown IS 'pii:none';
COMMENT ON COLUMN phased.change_sum.n IS 'pii:none';
COMMENT ON TABLE phased.standing IS 'How far each contact once came, and when it entered late: written with its explanation.';
COMMENT ON COLUMN phased.standing.contact_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.standing.process IS 'pii:none';
COMMENT ON COLUMN phased.standing.shown IS 'pii:pseudonym';
COMMENT ON COLUMN phased.standing.quiet IS 'pii:pseudonym';
COMMENT ON COLUMN phased.standing.since IS 'pii:pseudonym';
COMMENT ON COLUMN phased.standing.last_at IS 'pii:pseudonym';
COMMENT ON COLUMN phased.standing.stuck_at IS 'pii:pseudonym';
COMMENT ON COLUMN phased.standing.peak IS 'pii:pseudonym';
COMMENT ON COLUMN phased.standing.fell_at IS 'pii:pseudonym';
COMMENT ON COLUMN phased.standing.fell_rule IS 'pii:pseudonym';
COMMENT ON COLUMN phased.standing.late_days IS 'pii:pseudonym';

COMMENT ON VIEW report.action IS 'What actions are called: what was done, not what it means.';
COMMENT ON COLUMN report.action.number IS 'Its number, as in report.subject. pii:none';
COMMENT ON COLUMN report.action.action IS 'Its name, as in the messages on the topics. pii:none';

COMMENT ON VIEW report.journey IS
	'Every touch of a contact on a time line, across channels, with the phase it fell in. Ask for one contact at a time.';
COMMENT ON COLUMN report.journey.contact_id IS 'The contact: a keyed hash, no address. pii:pseudonym';
COMMENT ON COLUMN report.journey.at IS 'When it happened. pii:pseudonym';
COMMENT ON COLUMN report.journey.channel IS 'web, email, chat, crm, offline. pii:pseudonym';
COMMENT ON COLUMN report.journey.action IS 'What was done: PAGE_VIEW, EMAIL_CLICK, … (report.action). pii:pseudonym';
COMMENT ON COLUMN report.journey.source IS 'Which kind of tracker or hook sent it. pii:none';
COMMENT ON COLUMN report.journey.site IS 'Site or tenant. pii:none';
COMMENT ON COLUMN report.journey.process IS 'The kind of purchase that it belongs to; NULL: not looked at by the model in force yet. pii:none';
COMMENT ON COLUMN report.journey.rule IS 'The rule of the model in force that takes it; NULL: none, it speaks for no phase. pii:pseudonym';
COMMENT ON COLUMN report.journey.content IS 'The content it was about; NULL: none that has a name. pii:pseudonym';
COMMENT ON COLUMN report.journey.label IS 'The sender''s own name for it; NULL: none. pii:pseudonym';
COMMENT ON COLUMN report.journey.title IS 'Title of the page; NULL: none. pii:pseudonym';
COMMENT ON COLUMN report.journey.page IS 'Host and path of the page; NULL: none. pii:pseudonym';
COMMENT ON COLUMN report.journey.target IS 'Host and path that a link leads to; NULL: none. pii:pseudonym';
COMMENT ON COLUMN report.journey.topic IS 'Of a chat: names of its topics, commas between; never the text. pii:pseudonym';
COMMENT ON COLUMN report.journey.party IS 'Who acted: person, agent, bot, system. Only what a person did speaks for a phase. pii:pseudonym';
COMMENT ON COLUMN report.journey.machine IS
	'A machine''s, by reasons that nobody has cleared of this contact (report.machine_touch): moves nothing. pii:pseudonym';
COMMENT ON COLUMN report.journey.phase IS
	'The most probable phase at the end of its day, by all that is known now (report.history); none: closed; NULL: not worked out yet, or too long. pii:pseudonym';
COMMENT ON COLUMN report.journey.early IS 'Probability of early, of the three main phases, at the end of its day. pii:pseudonym';
COMMENT ON COLUMN report.journey.mid IS 'Probability of mid. pii:pseudonym';
COMMENT ON COLUMN report.journey.late IS 'Probability of late. pii:pseudonym';
COMMENT ON COLUMN report.journey.event IS 'Number of its event, 16 hexadecimal digits. pii:pseudonym';
COMMENT ON COLUMN report.journey.received IS 'When it became known. pii:pseudonym';

COMMENT ON VIEW report.transition IS
	'How many contacts moved from which phase to which, a row a day, process and pair of phases. Always exact, also of the past: who was erased, joined or folded anew is not, is once or is anew in it.';
COMMENT ON COLUMN report.transition.day IS 'UTC day from which on the new phase was shown. pii:none';
COMMENT ON COLUMN report.transition.process IS 'The kind of purchase. pii:none';
COMMENT ON COLUMN report.transition.from_phase IS 'What was shown before: early, mid, late, none, unknown. pii:none';
COMMENT ON COLUMN report.transition.to_phase IS 'What was shown then: early, mid, late, none, unknown. pii:none';
COMMENT ON COLUMN report.transition.direction IS
	'enter: from no phase into one; forward: to the next; skip: from early to late; back: to an earlier one; leave: out of all. pii:none';
COMMENT ON COLUMN report.transition.contacts IS 'How many such moves; who moved so twice that day counts twice. pii:none';

COMMENT ON VIEW report.time_in_phase IS 'How long each contact was in which phase: a row a stay. From none and unknown there are no rows.';
COMMENT ON COLUMN report.time_in_phase.contact_id IS 'The contact: a keyed hash, no address. pii:pseudonym';
COMMENT ON COLUMN report.time_in_phase.process IS 'The kind of purchase. pii:none';
COMMENT ON COLUMN report.time_in_phase.phase IS 'early, mid, late. pii:pseudonym';
COMMENT ON COLUMN report.time_in_phase.since IS 'Since when it was shown. pii:pseudonym';
COMMENT ON COLUMN report.time_in_phase.until IS 'Until when; NULL: it still is. pii:pseudonym';
COMMENT ON COLUMN report.time_in_phase.days IS 'How long that is; of what is still shown, until now. pii:pseudonym';

COMMENT ON VIEW report.phase_duration IS
	'How long contacts stay in a phase: a row a process and phase. Of stays that have ended, each rounded down to the hour, from a fortnight on to the day.';
COMMENT ON COLUMN report.phase_duration.process IS 'The kind of purchase. pii:none';
COMMENT ON COLUMN report.phase_duration.phase IS 'early, mid, late. pii:none';
COMMENT ON COLUMN report.phase_duration.stays IS 'How many stays have ended. pii:none';
COMMENT ON COLUMN report.phase_duration.days_p25 IS 'A quarter of them was no longer. pii:none';
COMMENT ON COLUMN report.phase_duration.days_median IS 'Half of them were no longer. pii:none';
COMMENT ON COLUMN report.phase_duration.days_p75 IS 'Three quarters of them were no longer. pii:none';

COMMENT ON VIEW report.standing IS 'Who entered late, is below what they came to, or is stuck: what report.movement says of them.';
COMMENT ON COLUMN report.standing.week IS 'Monday of the week of at, UTC. pii:pseudonym';
COMMENT ON COLUMN report.standing.contact_id IS 'The contact: a keyed hash, no address. pii:pseudonym';
COMMENT ON COLUMN report.standing.process IS 'The kind of purchase. pii:none';
COMMENT ON COLUMN report.standing.what IS 'entered late, below peak, stuck. pii:pseudonym';
COMMENT ON COLUMN report.standing.from_shown IS 'Number of what was shown before: 0 unknown, 1 none, 2 early, 3 mid, 4 late. pii:pseudonym';
COMMENT ON COLUMN report.standing.to_shown IS 'Number of what is shown. pii:pseudonym';
COMMENT ON COLUMN report.standing.at IS 'When. pii:pseudonym';
COMMENT ON COLUMN report.standing.reason IS 'As report.movement has it. pii:pseudonym';

COMMENT ON VIEW report.movement IS
	'Who moved, who entered late, who is below what they once came to, who is stuck: a row each. Ask for a week or a contact. The last three kinds as of the contact''s explanation, which is written a moment after a change.';
COMMENT ON COLUMN report.movement.week IS 'Monday of the week of at, UTC. pii:pseudonym';
COMMENT ON COLUMN report.movement.contact_id IS 'The contact: a keyed hash, no address. pii:pseudonym';
COMMENT ON COLUMN report.movement.process IS 'The kind of purchase. pii:none';
COMMENT ON COLUMN report.movement.what IS
	'forward, skip, back, enter, leave (report.transition); entered late: probably in late at the end of two days running, for the first time or after a pause; below peak: less is shown now than once was, since the process was last won or lost; stuck: not quiet, and shown for more than twice 20 days (how long the model expects) a fine phase in it. pii:pseudonym';
COMMENT ON COLUMN report.movement.from_phase IS 'What was shown before; below peak: the farthest that was ever shown; stuck: what is shown; NULL: entered late. pii:pseudonym';
COMMENT ON COLUMN report.movement.to_phase IS 'What was shown then; below peak and stuck: what is shown now. pii:pseudonym';
COMMENT ON COLUMN report.movement.at IS
	'When; entered late: the end of the second day; below peak: when the peak was shown no longer; stuck: when it had been twice as long as expected. pii:pseudonym';
COMMENT ON COLUMN report.movement.reason IS
	'touch, or time alone; below peak: quiet for so many days, or moved back by which rule''s touch and when; stuck: for how long. pii:pseudonym';

COMMENT ON VIEW report.movement_week IS 'How many moved how, a row a week, process and kind of movement: report.movement counted.';
COMMENT ON COLUMN report.movement_week.week IS 'Its Monday, UTC. pii:none';
COMMENT ON COLUMN report.movement_week.process IS 'The kind of purchase. pii:none';
COMMENT ON COLUMN report.movement_week.what IS 'As in report.movement; below peak and stuck: those who are now, by the week since when. pii:none';
COMMENT ON COLUMN report.movement_week.contacts IS 'How many; who moved so twice that week counts twice. pii:none';

COMMENT ON VIEW report.funnel IS
	'How many contacts were in which phase at the end (24:00 UTC) of each day, from the first change on: today as of now. Contacts of which nothing was ever shown are in no row.';
COMMENT ON COLUMN report.funnel.day IS 'The day (UTC). pii:none';
COMMENT ON COLUMN report.funnel.process IS 'The kind of purchase. pii:none';
COMMENT ON COLUMN report.funnel.phase IS 'early, mid, late; none: in no buying process any more. pii:none';
COMMENT ON COLUMN report.funnel.contacts IS 'How many contacts were shown there. pii:none';
COMMENT ON COLUMN report.funnel.accounts IS 'How many accounts were (report.account_phase). pii:none';

COMMENT ON VIEW report.trust IS
	'How far the figures can be trusted: what became of events, a row a day, source, site and channel. Names nobody; retries count as duplicates.';
COMMENT ON COLUMN report.trust.day IS 'UTC day of the event, by its sender''s stamp; of what could not be read, of its record. pii:none';
COMMENT ON COLUMN report.trust.source IS 'Which kind of tracker or hook sent it; empty: it could not be read. pii:none';
COMMENT ON COLUMN report.trust.site IS 'Site or tenant. pii:none';
COMMENT ON COLUMN report.trust.channel IS 'web, email, chat, crm, offline; NULL: it could not be read. pii:none';
COMMENT ON COLUMN report.trust.events IS 'How many came. pii:none';
COMMENT ON COLUMN report.trust.applied IS 'That became touches, those of machines among them. pii:none';
COMMENT ON COLUMN report.trust.duplicates IS 'Copies of events that were there already. pii:none';
COMMENT ON COLUMN report.trust.identified IS 'That say themselves who it was: an address, a user or CRM id; NULL: not known. pii:none';
COMMENT ON COLUMN report.trust.consented IS 'That say that analytics are granted. pii:none';
COMMENT ON COLUMN report.trust.machine IS 'Touches that are a machine''s, with no say in any phase. pii:none';
COMMENT ON COLUMN report.trust.rejected IS 'That could not be read, or break a rule: report.reject_reason. pii:none';

COMMENT ON VIEW report.reject_reason IS 'Why messages were rejected, of those that are still kept: a row a reason.';
COMMENT ON COLUMN report.reject_reason.reason IS 'unreadable, too_large, bad_value, … pii:none';
COMMENT ON COLUMN report.reject_reason.n IS 'How many. pii:none';
COMMENT ON COLUMN report.reject_reason.newest IS 'When the newest of them was sent. pii:none';

COMMENT ON VIEW report.lag IS 'How far the daemons are behind what was sent: a row a topic, of the group that reads it.';
COMMENT ON COLUMN report.lag.topic IS 'The topic. pii:none';
COMMENT ON COLUMN report.lag.messages IS 'Messages that wait, as far as the topic''s end was known at as_of. pii:none';
COMMENT ON COLUMN report.lag.seconds IS 'The oldest of them waits no longer than this; 0: none waits. pii:none';
COMMENT ON COLUMN report.lag.as_of IS 'When the daemons last said how far they are. pii:none';

-- Of older views, what their names alone were left to say.
COMMENT ON COLUMN report.thread.source IS 'Which chat software sent it. pii:none';
COMMENT ON COLUMN report.thread.site IS 'Site or tenant. pii:none';
COMMENT ON COLUMN report.cost.source IS 'Which source recorded it. pii:none';
COMMENT ON COLUMN report.cost.site IS 'Site or tenant. pii:none';
COMMENT ON COLUMN report.cost.first_at IS 'When the first of them was. pii:pseudonym';
COMMENT ON COLUMN report.cost.last_at IS 'When the last of them was. pii:pseudonym';
COMMENT ON COLUMN report.opportunity.amount IS 'In its currency; NULL: not said. pii:none';

-- Whoever was explained before has no standing yet.
UPDATE phased.explanation SET version = -1;
UPDATE phased.explain SET after_id = NULL, seen = -1;
