/*
 * Daemons on a real PostgreSQL, moved turn by turn in the order that a scenario says: what happens when two of them meet
 * in the database, at just that moment.
 *
 * A and B are daemons of tests/daemon's drive.h, each with a connection of its own; A has the partitions 0 of all topics,
 * B the partitions 1. Beside them there are two hands: one that holds a lock for a while, one that writes at once.
 * Whatever is not as the scenario expects it ends the program with 1 and says so.
 */
#pragma once
#include <stdbool.h>

#include "tests/integration/real.h"

enum { A, B };
#define STAGE_NINE_US INT64_C(1772442000000000) /* 2026-03-02 09:00 UTC */

extern struct drive stage_drive;
extern struct plan stage_plan;

/* A database that `phasectl migrate` has made, which is emptied. What is new goes by COPY, or within SAVE. */
void stage_open(const char *conninfo, bool by_copy);
void stage_close(void);

/* ---- events: minutes after nine; texts are borrowed ---- */

/* A page view of one cookie. */
struct event stage_view(const char *cookie, int minute);
/* The same, by somebody who says what their address is. */
struct event stage_claim(const char *cookie, const char *email, int minute);
/* What somebody says of their profile, without a browser. */
struct event stage_consent(const char *email, int minute, enum statement statement);
/* Into one of this daemon's partitions. */
void stage_give(unsigned who, struct event event);
/* And apply it. */
void stage_has(unsigned who, struct event event);

/* ---- turns ---- */

void stage_quick(unsigned who, bool quick);
/* Goes on until this turn is under way; until it has ended well; until it is refused with this SQLSTATE. */
void stage_sends(unsigned who, enum world_turn turn);
void stage_ends(unsigned who, enum world_turn turn);
void stage_refused(unsigned who, enum world_turn turn, const char *code);
/* Quick way: goes on until the first turn that writes arbiters is under way; until one is refused because of them. */
void stage_writes_arbiters(unsigned who);
void stage_misses(unsigned who);
/* The turn under way waits for a lock in the server. */
void stage_waits(unsigned who);
/* Goes on until the turn with COMMIT is under way. */
void stage_commits(unsigned who);
/* Until it has nothing in hand and everything of its partitions is applied. */
void stage_applies(unsigned who);
/* Takes all partitions over without the other one's noticing: until its claim is under way; until it has ended. */
void stage_starts_to_take_over(unsigned who);
void stage_takes_over(unsigned who);
/* Its connection is cut; the server is not told to stop. It connects again when it goes on. */
void stage_cut(unsigned who);

/* ---- hands ---- */

/* This statement's locks are held until stage_let_go(). */
void stage_hold(const char *sql);
void stage_let_go(void);
/* The same with the middle one in key order of the contacts in A's batch, which is not there yet, until stage_go_back(). */
void stage_hold_middle_of_a(void);
void stage_go_back(void);
void stage_hand(const char *sql);
/* The contact of the cookie in A's batch is erased, as of ten hours after nine. */
void stage_erase_of_a(void);

/* ---- what is expected ---- */

void stage_expect(bool good, const char *what);
double stage_outcomes(unsigned who, enum outcome outcome);
int64_t stage_count(const char *sql);
/* A number for what all tables hold: the same as long as nothing is written. */
int64_t stage_contents(void);
/* Both apply what is left, by turns; the tables are the oracle's, nothing was refused but what the quick way may be. */
void stage_ends_well(void);
