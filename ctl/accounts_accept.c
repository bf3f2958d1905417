/*
 * phasectl accounts accept: puts the file of accounts in force, and works out the account of every contact anew.
 *
 * The daemons ask the database whenever they write a contact; so all is one transaction that lets nobody write contacts. What
 * can be registered of a host name is worked out anew, too: the public suffix list may be another one than when it was written.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/edge/account_file.h"
#include "core/edge/postgres.h"
#include "core/edge/postgres_array.h"
#include "core/flow/account.h"
#include "ctl/audit_note.h"
#include "ctl/ctl.h"
#include "ctl/progress.h"

static struct {
	const char *path;
} asked;

static const struct option_about options[] = {{0}};

static const struct postgres_statement begin = {.name = "begin", .sql = "BEGIN", .simple = true};
static const struct postgres_statement commit = {.name = "commit", .sql = "COMMIT", .simple = true};
static const struct postgres_statement limit_wait = {
	.name = "limit_wait", .sql = "SET LOCAL lock_timeout = '30s'", .simple = true};
/* Whoever writes contacts holds a weaker one: those under way end first, and none begins. */
static const struct postgres_statement lock_contacts = {
	.name = "lock_contacts", .sql = "LOCK TABLE phased.contact IN SHARE ROW EXCLUSIVE MODE", .simple = true};
/* A page at a time: there may be as many as contacts. */
static const struct postgres_statement open_hosts = {
	.name = "open_hosts",
	.sql = "DECLARE hosts NO SCROLL CURSOR FOR SELECT DISTINCT host, domain FROM phased.contact WHERE host IS "
	       "NOT "
	       "NULL",
	.simple = true,
};
static const struct postgres_statement next_hosts = {
	.name = "next_hosts", .sql = "FETCH 10000 FROM hosts", .simple = true};
static const struct postgres_statement drop_domains = {
	.name = "drop_domains", .sql = "DELETE FROM phased.account_domain", .simple = true};
static const struct postgres_statement drop_accounts = {
	.name = "drop_accounts", .sql = "DELETE FROM phased.account", .simple = true};
static const struct postgres_statement put_domains = {
	.name = "put_domains",
	.sql = "INSERT INTO phased.account_domain SELECT * FROM unnest($1, $2, $3)",
	.parameter_count = 3,
	.parameters = {{POSTGRES_TEXT, true}, {POSTGRES_TEXT, true}, {POSTGRES_TEXT, true}},
};
static const struct postgres_statement put_accounts = {
	.name = "put_accounts",
	.sql = "INSERT INTO phased.account SELECT * FROM unnest($1, $2, $3, $4)",
	.parameter_count = 4,
	.parameters = {{POSTGRES_TEXT, true}, {POSTGRES_TEXT, true}, {POSTGRES_TEXT, true}, {POSTGRES_TEXT, true}},
};
static const struct postgres_statement drop_committee = {
	.name = "drop_committee", .sql = "DELETE FROM phased.committee", .simple = true};
static const struct postgres_statement put_committee = {
	.name = "put_committee",
	.sql = "INSERT INTO phased.committee (role, expected, multiplier) SELECT * FROM unnest($1, $2, $3)",
	.parameter_count = 3,
	.parameters = {{POSTGRES_TEXT, true}, {POSTGRES_BOOL, true}, {POSTGRES_FLOAT8, true}},
};
static const struct postgres_statement mend_domains = {
	.name = "mend_domains",
	.sql = "UPDATE phased.contact c SET domain = k.domain FROM unnest($1, $2) AS k (host, domain) WHERE "
	       "c.host "
	       "= k.host",
	.parameter_count = 2,
	.parameters = {{POSTGRES_TEXT, true}, {POSTGRES_TEXT, true}},
};
static const struct postgres_statement mend_accounts = {
	.name = "mend_accounts",
	.sql = "WITH changed AS (UPDATE phased.contact c SET account = k.account FROM (SELECT o.contact_id, "
	       "a.account "
	       "FROM phased.contact o CROSS JOIN LATERAL phased.account_of(o.host, o.domain) AS a WHERE o.account "
	       "IS "
	       "DISTINCT FROM a.account) AS k WHERE c.contact_id = k.contact_id RETURNING 1) SELECT (SELECT "
	       "count(*) FROM changed), (SELECT count(*) FROM phased.contact)",
};

/* What can be registered of a page of host names, where something else stands. */
struct mending {
	struct postgres_array hosts, domains;
	size_t looked, count;
};

struct changed {
	int64_t changed, contacts;
};

static bool no_room(struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "the accounts do not fit into memory");
}

static bool on_hosts(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct mending *mending = context;
	mending->looked = postgres_count(rows);
	for (size_t i = 0; i < postgres_count(rows); i++) {
		const char *host = postgres_text(rows, i, 0), *domain = account_domain(host);
		const char *stored = postgres_is_null(rows, i, 1) ? "" : postgres_text(rows, i, 1);
		if (strcmp(stored, domain != NULL ? domain : "") != 0) {
			postgres_array_text(&mending->hosts, host);
			postgres_array_text(&mending->domains, domain);
			mending->count++;
		}
	}
	return (!mending->hosts.full && !mending->domains.full) || no_room(fail);
}

static bool on_changed(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	*(struct changed *)context = (struct changed){postgres_int(rows, 0, 0), postgres_int(rows, 0, 1)};
	return true;
}

static bool add_domains(struct ctl *ctl, struct postgres *postgres, const struct account_book *book,
			struct fail *fail)
{
	struct postgres_array arrays[3];
	struct postgres_value values[3];
	for (size_t i = 0; i < COUNT_OF(arrays); i++) {
		postgres_array_init(&arrays[i], &ctl->arena, POSTGRES_TEXT, book->domain_count + 1);
	}
	/* That lists were accepted, be they empty. */
	postgres_array_text(&arrays[0], "");
	postgres_array_text(&arrays[1], NULL);
	postgres_array_text(&arrays[2], "");
	for (size_t i = 0; i < book->domain_count; i++) {
		postgres_array_text(&arrays[0], book->domains[i].domain);
		postgres_array_text(&arrays[1], book->domains[i].account);
		postgres_array_text(&arrays[2], book->domains[i].list);
	}
	bool fits = true;
	for (size_t i = 0; i < COUNT_OF(arrays); i++) {
		fits = postgres_array_value(&arrays[i], &values[i]) && fits;
	}
	return fits ? postgres_add(postgres, &put_domains, values, NULL, NULL, fail) : no_room(fail);
}

static bool add_accounts(struct ctl *ctl, struct postgres *postgres, const struct account_book *book,
			 struct fail *fail)
{
	struct postgres_array arrays[4];
	struct postgres_value values[4];
	for (size_t i = 0; i < COUNT_OF(arrays); i++) {
		postgres_array_init(&arrays[i], &ctl->arena, POSTGRES_TEXT, book->account_count);
	}
	for (size_t i = 0; i < book->account_count; i++) {
		const struct account *account = &book->accounts[i];
		postgres_array_text(&arrays[0], account->account);
		postgres_array_text(&arrays[1], account->name);
		postgres_array_text(&arrays[2], account->parent);
		postgres_array_text(&arrays[3], account->top);
	}
	bool fits = true;
	for (size_t i = 0; i < COUNT_OF(arrays); i++) {
		fits = postgres_array_value(&arrays[i], &values[i]) && fits;
	}
	return fits ? postgres_add(postgres, &put_accounts, values, NULL, NULL, fail) : no_room(fail);
}

static bool add_committee(struct ctl *ctl, struct postgres *postgres, const struct committee_settings *settings,
			  struct fail *fail)
{
	struct postgres_array roles, expected, multipliers;
	struct postgres_value values[3];
	postgres_array_init(&roles, &ctl->arena, POSTGRES_TEXT, ROLE_COUNT);
	postgres_array_init(&expected, &ctl->arena, POSTGRES_BOOL, ROLE_COUNT);
	postgres_array_init(&multipliers, &ctl->arena, POSTGRES_FLOAT8, ROLE_COUNT);
	for (unsigned role = 1; role < ROLE_COUNT; role++) {
		postgres_array_text(&roles, role_name((enum role)role));
		postgres_array_int(&expected, settings->expected[role]);
		postgres_array_float(&multipliers, settings->multiplier[role]);
	}
	bool fits = postgres_array_value(&roles, &values[0]) && postgres_array_value(&expected, &values[1]) &&
		    postgres_array_value(&multipliers, &values[2]);
	return fits ? postgres_add(postgres, &put_committee, values, NULL, NULL, fail) : no_room(fail);
}

/* What can be registered of each host name. */
static bool mend_hosts(struct ctl *ctl, struct postgres *postgres, struct progress *progress, struct fail *fail)
{
	struct mending mending;
	struct postgres_value values[2];
	size_t mark = ctl->arena.used, looked = 0;
	do {
		arena_back(&ctl->arena, mark);
		mending = (struct mending){0};
		postgres_array_init(&mending.hosts, &ctl->arena, POSTGRES_TEXT, 0);
		postgres_array_init(&mending.domains, &ctl->arena, POSTGRES_TEXT, 0);
		if (!postgres_add(postgres, &next_hosts, NULL, on_hosts, &mending, fail) ||
		    !progress_turn(progress, postgres, fail)) {
			return false;
		}
		if (mending.count > 0 && (!postgres_array_value(&mending.hosts, &values[0]) ||
					  !postgres_array_value(&mending.domains, &values[1]))) {
			return no_room(fail);
		}
		if (mending.count > 0 && (!postgres_add(postgres, &mend_domains, values, NULL, NULL, fail) ||
					  !progress_turn(progress, postgres, fail))) {
			return false;
		}
		looked += mending.looked;
		progress_show(progress, -1, "%zu host names looked at", looked);
	} while (mending.looked > 0);
	return true;
}

static bool accept(struct ctl *ctl, struct postgres *postgres, struct progress *progress,
		   const struct account_book *book, struct changed *ret_changed, struct fail *fail)
{
	progress_show(progress, -1, "waiting for the batches under way");
	if (!postgres_add(postgres, &begin, NULL, NULL, NULL, fail) ||
	    !postgres_add(postgres, &limit_wait, NULL, NULL, NULL, fail) ||
	    !postgres_add(postgres, &lock_contacts, NULL, NULL, NULL, fail) ||
	    !postgres_add(postgres, &open_hosts, NULL, NULL, NULL, fail) ||
	    !progress_turn(progress, postgres, fail) || !mend_hosts(ctl, postgres, progress, fail)) {
		return false;
	}
	progress_show(progress, -1, "accounts of all contacts");
	return postgres_add(postgres, &drop_domains, NULL, NULL, NULL, fail) &&
	       postgres_add(postgres, &drop_accounts, NULL, NULL, NULL, fail) &&
	       add_domains(ctl, postgres, book, fail) && add_accounts(ctl, postgres, book, fail) &&
	       postgres_add(postgres, &drop_committee, NULL, NULL, NULL, fail) &&
	       add_committee(ctl, postgres, &book->committee, fail) &&
	       postgres_add(postgres, &mend_accounts, NULL, on_changed, ret_changed, fail) &&
	       progress_turn(progress, postgres, fail) &&
	       audit_note_add(ctl, postgres, "accounts accept", "", fail,
			      "{\"domains\":%zu,\"accounts\":%zu,\"contacts\":%" PRId64 "}", book->domain_count,
			      book->account_count, ret_changed->changed) &&
	       postgres_add(postgres, &commit, NULL, NULL, NULL, fail) && progress_turn(progress, postgres, fail);
}

static void print_done(const struct account_book *book, const struct changed *changed)
{
	size_t none = 0;
	for (size_t i = 0; i < book->domain_count; i++) {
		none += book->domains[i].account == NULL ? 1 : 0;
	}
	printf("accounts accepted: %zu domains that tell of no account, %zu of other accounts, %zu accounts "
	       "described; "
	       "changed of %" PRId64 " of %" PRId64 " contacts\n",
	       none, book->domain_count - none, book->account_count, changed->changed, changed->contacts);
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct account_book book;
	struct changed changed = {0};
	struct postgres *postgres = NULL;
	struct progress progress;
	bool done = ctl_read_conf(ctl, &fail) &&
		    account_file_read(asked.path != NULL ? asked.path : ctl->conf.accounts.path, &ctl->arena,
				      &book, &fail) &&
		    (postgres = ctl_connect_to_schema(ctl, &fail)) != NULL;
	if (done) {
		progress_begin(&progress, "accounts accept", false);
		done = accept(ctl, postgres, &progress, &book, &changed, &fail);
		progress_end(&progress);
	}
	postgres_destroy(postgres);
	if (!done) {
		return ctl_give_up(ctl, &fail);
	}
	print_done(&book, &changed);
	return EXIT_DONE;
}

const struct command accounts_accept_command = {
	.words = "accounts accept",
	.summary = "put lists of mail providers, and whose domains are whose, in force",
	.details =
		"Reads the file of accounts (PATH; default: accounts.path of the configuration) and the lists "
		"that "
		"it names,\n"
		"stores them in the database, and works out anew, for all contacts and in one transaction, which\n"
		"organisation each buys for. Until it has been run no account is told from an address: a mail "
		"provider\n"
		"could not be told from a company. Needs to act as phased_owner.",
	.options = options,
	.operand = {"PATH", &asked.path, false},
	.run = run,
};
