-- Of an actor with very many claims (a kiosk, a bot) the first ones are read, in the order of their times, and no others.

SET LOCAL ROLE phased_owner;

CREATE INDEX claim_at ON phased.claim (weak, at);
