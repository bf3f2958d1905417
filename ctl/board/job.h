/*
 * One request on its way: what is asked, the rows that answer it, and the pages that there are.
 *
 * A page is two functions: `ask` adds its statements to a turn, `show` makes text of what they brought.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/arena.h"
#include "core/base/fail.h"
#include "core/base/uuid.h"
#include "core/edge/postgres.h"

struct http_request;
struct job;

/* What the URL says; texts are UTF-8 and short. */
struct job_asked {
	struct uuid contact;
	bool has_contact;
	const char *process;	  /* "standard" where it says nothing */
	const char *account;	  /* "" */
	int64_t day_us, until_us; /* INT64_MIN: not said; `until` is the last day */
	bool is_part;		  /* without the frame, for the script */
};

#define PAGE_NEEDS_CONTACT 1u
#define PAGE_NEEDS_ACCOUNT 2u

struct page {
	const char *path, *title;
	unsigned needs;
	bool in_menu;
	bool (*ask)(struct job *job, struct postgres *postgres, struct fail *fail);
	/* Returns the status: 200, 404 where there is no such person or account. */
	unsigned (*show)(struct job *job, FILE *out);
};

extern const struct page page_start, page_movement, page_people, page_accounts, page_account, page_journey,
	page_why;

struct job {
	const struct page *page;
	struct http_request *request;
	struct job_asked asked;
	struct arena arena; /* parameters and rows */
	void *rows;	    /* the page's own */
	bool has_people;    /* the database role sees names */
	unsigned tries;
	int64_t by_us; /* monotonic: answered by then, whatever comes */
	struct job *next;
};

/* A column of a row: a copy in the arena, NULL for NULL. False: *fail. */
bool job_text(struct job *job, const struct postgres_rows *rows, size_t row, unsigned column,
	      const char **ret_text, struct fail *fail);
/* INT64_MIN for NULL. */
int64_t job_moment(const struct postgres_rows *rows, size_t row, unsigned column);
/* NAN for NULL. */
double job_float(const struct postgres_rows *rows, size_t row, unsigned column);
/* The arena is full: false, and *fail says so. */
bool job_no_room(struct fail *fail);
/* Room for the rows of a result, zeroed; at least one. False: *fail. */
bool job_room(struct job *job, size_t count, size_t size, void **ret_room, struct fail *fail);
#define JOB_ROOM(job, rows, ret_list, fail) \
	job_room(job, postgres_count(rows), sizeof(**(ret_list)), (void **)(ret_list), fail)
