-- Which erasure was the last one: what lay in the logs then and could not be read is not kept again when it is played back, since nobody
-- can tell whose it is.

SET LOCAL ROLE phased_owner;

CREATE INDEX erasure_newest ON phased.erasure (erased_at) WHERE from_at = '-infinity';
