/*
 * The file of accounts: lists of domains whose addresses tell of no account, domains that are another account's, and what
 * accounts are called and belong to. Errors name file, line, key.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"
#include "core/model/role.h"

struct arena;

#define ACCOUNT_DOMAINS_MAX ((size_t)500000) /* over all lists */
#define ACCOUNT_LISTS_MAX 64
#define ACCOUNT_LIST_LINES_MAX ((size_t)1000000) /* of one list, comments and empty ones among them */
#define ACCOUNT_NAME_SIZE_MAX 128
#define ACCOUNT_LIST_NAME_SIZE_MAX 32
#define ACCOUNT_PARENTS_MAX 16 /* one above the other */

/* Domains are host names as core/base/domain.h makes them. */
struct account_domain {
	const char *domain;
	const char *account; /* NULL: addresses there tell of none */
	const char *list;    /* that it stands on; "": in the file itself */
};

struct account {
	const char *account;
	const char *name, *parent; /* NULL: none */
	const char *top;	   /* the account without a parent that parents lead to, or itself */
};

struct account_book {
	struct account_domain
		*domains; /* sorted, each once: what the file itself says, else the first list that has it */
	size_t domain_count;
	struct account
		*accounts; /* sorted, each once; parents that have no entry of their own are not among them */
	size_t account_count;
	struct committee_settings committee;
};

/* Lists are looked for beside the file. The book lives in the arena. False: *fail has "FILE:LINE: …", EXIT_CONFIG. */
bool account_file_read(const char *path, struct arena *arena, struct account_book *ret_book, struct fail *fail);
