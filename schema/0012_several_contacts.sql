-- An opportunity is about several contacts: its message has a touch on each, and is counted by the first.

SET LOCAL ROLE phased_owner;

COMMENT ON COLUMN phased.touch.party IS
	'Who acted: 1 person, 2 agent, 3 bot, 4 system. 5: one more contact of an event that is counted by another touch. pii:none';
