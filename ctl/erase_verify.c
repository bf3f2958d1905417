/*
 * phasectl erase --verify: is anything left of whoever was erased, but ledger, audit and empty arbiters?
 *
 * By ids: the person's own, and those that were erased in the same moment (weak actors cannot be found by claims any more). By moments:
 * what the ledger refuses must not be there; whoever has been heard of since may have what is newer. And by the address itself: every
 * text of every table is looked through.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "ctl/erase.h"
#include "ctl/json_line.h"
#include "ctl/progress.h"

#define FINDINGS_MAX 128

/* The person's ids, and all that went with them. */
static const struct postgres_statement find_erased = {
	.name = "find_erased",
	.sql = "SELECT DISTINCT e.actor_id FROM phased.erasure e WHERE e.erased_at IN (SELECT p.erased_at FROM "
	       "phased.erasure p WHERE p.actor_id = ANY ($1)) UNION SELECT unnest($1)",
	.parameter_count = 1,
	.parameters = {{POSTGRES_UUID, true}},
};
/* Whoever has something that is newer than what is refused. */
static const struct postgres_statement find_returned = {
	.name = "find_returned",
	.sql = "SELECT k.id FROM unnest($1::uuid[]) AS k (id) WHERE EXISTS (SELECT FROM phased.touch t WHERE "
	       "t.actor_id = k.id) OR EXISTS (SELECT FROM phased.claim c WHERE c.weak = k.id OR c.strong = k.id) "
	       "OR "
	       "EXISTS (SELECT FROM phased.consent c WHERE c.actor_id = k.id) OR EXISTS (SELECT FROM "
	       "phased.declared "
	       "d WHERE d.actor_id = k.id) OR EXISTS (SELECT FROM phased.assertion s WHERE s.a = k.id OR s.b = "
	       "k.id) OR EXISTS (SELECT FROM phased.opportunity_contact o WHERE o.actor_id = k.id) OR "
	       "NOT EXISTS (SELECT FROM phased.erasure e WHERE e.actor_id = k.id "
	       "AND "
	       "e.from_at = '-infinity')",
	.parameter_count = 1,
	.parameters = {{POSTGRES_UUID, true}},
};
static const struct postgres_statement find_refused = {
	.name = "find_refused",
	.sql = "SELECT 'ledger', 'missing', (SELECT count(*) FROM unnest($2::uuid[]) AS k (id) WHERE NOT EXISTS "
	       "(SELECT "
	       "FROM phased.erasure e WHERE e.actor_id = k.id AND e.from_at = '-infinity')) UNION ALL "
	       "SELECT 'touch', 'refused', count(*) FROM phased.erasure e JOIN phased.touch t ON t.actor_id = "
	       "e.actor_id AND t.at >= e.from_at AND t.at <= e.at WHERE e.actor_id = ANY ($1) UNION ALL "
	       "SELECT 'thread_touch', 'refused', count(*) FROM phased.erasure e JOIN phased.thread_touch t ON "
	       "t.actor_id = "
	       "e.actor_id AND t.at >= e.from_at AND t.at <= e.at WHERE e.actor_id = ANY ($1) UNION ALL "
	       "SELECT 'cost', 'refused', count(*) FROM phased.erasure e JOIN phased.cost t ON t.actor_id = "
	       "e.actor_id AND t.at >= e.from_at AND t.at <= e.at WHERE e.actor_id = ANY ($1) UNION ALL "
	       "SELECT 'claim', 'refused', count(*) FROM phased.erasure e JOIN phased.claim c ON c.weak = "
	       "e.actor_id "
	       "AND c.at >= e.from_at AND c.at <= e.at WHERE e.actor_id = ANY ($1) UNION ALL "
	       "SELECT 'claim', 'refused', count(*) FROM phased.erasure e JOIN phased.claim c ON c.strong = "
	       "e.actor_id AND c.at >= e.from_at AND c.at <= e.at WHERE e.actor_id = ANY ($1) UNION ALL "
	       "SELECT 'consent', 'refused', count(*) FROM phased.erasure e JOIN phased.consent c ON c.actor_id = "
	       "e.actor_id AND c.at >= e.from_at AND c.at <= e.at WHERE e.actor_id = ANY ($1) UNION ALL "
	       "SELECT 'declared', 'refused', count(*) FROM phased.erasure e JOIN phased.declared d ON d.actor_id "
	       "= "
	       "e.actor_id AND d.at >= e.from_at AND d.at <= e.at WHERE e.actor_id = ANY ($1) UNION ALL "
	       "SELECT 'assertion', 'refused', count(*) FROM phased.erasure e JOIN phased.assertion s ON (s.a = "
	       "e.actor_id OR s.b = e.actor_id) AND s.at >= e.from_at AND s.at <= e.at WHERE e.actor_id = ANY "
	       "($1) UNION ALL SELECT 'opportunity_contact', 'refused', count(*) FROM phased.erasure e JOIN "
	       "phased.opportunity_contact o ON o.actor_id = e.actor_id AND o.at >= e.from_at AND o.at <= e.at "
	       "WHERE e.actor_id = ANY ($1)",
	.parameter_count = 2,
	.parameters = {{POSTGRES_UUID, true}, {POSTGRES_UUID, true}},
};
#define DELETED ""
#define EMPTIED \
	" AND (process <> 'standard' OR counted <> 0 OR confirmed <> 0 OR fold <> '' OR shown <> 0 OR activity " \
	"<> 0 " \
	"OR since IS NOT NULL OR last_at IS NOT NULL OR review_at IS NOT NULL OR cleared <> 0)"
#define KEPT " AND false"
#define HELD(table, column, fate) \
	" UNION ALL SELECT '" #table "', '" #column "', count(*) FROM phased." #table " WHERE " #column \
	" = ANY ($1)" fate
/* All that is held under ids of whom nothing newer is known. */
static const struct postgres_statement find_held = {
	.name = "find_held",
	.sql = "SELECT '', '', 0::bigint"
#include "core/model/held.def"
	,
	.parameter_count = 1,
	.parameters = {{POSTGRES_UUID, true}},
};
static const struct postgres_statement find_texts = {
	.name = "find_texts",
	.sql = "SELECT f.name, f.field, f.n FROM phased.find_text($1) AS f",
	.parameter_count = 1,
	.parameters = {{POSTGRES_TEXT, false}},
};

struct finding {
	const char *table, *field;
	int64_t rows;
};

struct verifying {
	struct arena *arena;
	struct uuid *ids;
	size_t count;
	const struct erase_person *person;
	bool person_returned; /* the address may stand somewhere by right */
	struct finding findings[FINDINGS_MAX];
	size_t finding_count;
};

static bool on_ids(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct verifying *verifying = context;
	verifying->count = postgres_count(rows);
	verifying->ids = arena_array(verifying->arena, verifying->count + 1, sizeof(*verifying->ids));
	for (size_t i = 0; verifying->ids != NULL && i < verifying->count; i++) {
		verifying->ids[i] = postgres_uuid(rows, i, 0);
	}
	return verifying->ids != NULL || fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
}

static bool on_findings(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct verifying *verifying = context;
	for (size_t i = 0; i < postgres_count(rows); i++) {
		if (postgres_int(rows, i, 2) == 0) {
			continue;
		}
		CHECK(verifying->finding_count < FINDINGS_MAX);
		const char *table = postgres_text(rows, i, 0), *field = postgres_text(rows, i, 1);
		struct finding *finding = &verifying->findings[verifying->finding_count++];
		finding->table = arena_text(verifying->arena, table, strlen(table));
		finding->field = arena_text(verifying->arena, field, strlen(field));
		finding->rows = postgres_int(rows, i, 2);
		if (finding->table == NULL || finding->field == NULL) {
			return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
		}
	}
	return true;
}

static void make_array(struct arena *arena, const struct uuid *ids, size_t count, struct postgres_value *ret)
{
	struct postgres_array *array = arena_array(arena, 1, sizeof(*array));
	CHECK(array != NULL);
	postgres_array_init(array, arena, POSTGRES_UUID, count);
	for (size_t i = 0; i < count; i++) {
		postgres_array_uuid(array, &ids[i]);
	}
	CHECK(postgres_array_value(array, ret));
}

/* Takes them out of the ids. */
static bool on_returned(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	struct verifying *verifying = context;
	size_t kept = 0;
	for (size_t i = 0; i < verifying->count; i++) {
		bool returned = false;
		for (size_t j = 0; j < postgres_count(rows); j++) {
			struct uuid id = postgres_uuid(rows, j, 0);
			returned = returned || uuid_equal(&id, &verifying->ids[i]);
		}
		if (!returned) {
			verifying->ids[kept++] = verifying->ids[i];
		}
		for (size_t j = 0; returned && j < verifying->person->count; j++) {
			verifying->person_returned = verifying->person_returned ||
						     uuid_equal(&verifying->person->ids[j], &verifying->ids[i]);
		}
	}
	verifying->count = kept;
	return true;
}

static bool look(struct verifying *verifying, struct postgres *postgres, struct erase_person *person,
		 struct progress *progress, size_t *ret_ids, size_t *ret_returned, struct fail *fail)
{
	struct postgres_value values[2], text;
	make_array(verifying->arena, person->ids, person->count, &values[1]);
	if (!ctl_begin_reading(postgres, fail) ||
	    !postgres_add(postgres, &find_erased, &values[1], on_ids, verifying, fail) ||
	    !progress_turn(progress, postgres, fail)) {
		return false;
	}
	*ret_ids = verifying->count;
	make_array(verifying->arena, verifying->ids, verifying->count, &values[0]);
	progress_show(progress, .2, "%zu ids", verifying->count);
	if (!postgres_add(postgres, &find_refused, values, on_findings, verifying, fail) ||
	    !postgres_add(postgres, &find_returned, values, on_returned, verifying, fail) ||
	    !progress_turn(progress, postgres, fail)) {
		return false;
	}
	*ret_returned = *ret_ids - verifying->count;
	make_array(verifying->arena, verifying->ids, verifying->count, &values[0]);
	progress_show(progress, .5, "every text of every table");
	return postgres_value_text(person->address, &text) &&
	       postgres_add(postgres, &find_held, values, on_findings, verifying, fail) &&
	       (verifying->person_returned ||
		postgres_add(postgres, &find_texts, &text, on_findings, verifying, fail)) &&
	       progress_turn(progress, postgres, fail);
}

static void print_json(const struct verifying *verifying, size_t ids, size_t returned)
{
	json_t *left = json_array();
	for (size_t i = 0; i < verifying->finding_count; i++) {
		const struct finding *finding = &verifying->findings[i];
		json_array_append_new(left, json_pack("{s:s, s:s, s:I}", "table", finding->table, "field",
						      finding->field, "rows", (json_int_t)finding->rows));
	}
	json_line_print(json_pack("{s:i, s:i, s:o}", "ids", (int)ids, "returned", (int)returned, "left", left), 0);
}

static void print(const struct verifying *verifying, size_t ids, size_t returned)
{
	size_t never_erased = 0;
	for (size_t i = 0; i < verifying->finding_count; i++) {
		const struct finding *finding = &verifying->findings[i];
		bool never = strcmp(finding->table, "ledger") == 0;
		never_erased += never ? (size_t)finding->rows : 0;
		printf("%s: %" PRId64 " %s%s%s%s%s\n", never ? "not in the ledger of erasures" : "left",
		       finding->rows, never ? "identifier" : "row", finding->rows == 1 ? "" : "s",
		       never ? "" : ", ", never ? "" : finding->table,
		       never ? "" : arena_print(verifying->arena, ".%s", finding->field));
	}
	if (returned > 0 && never_erased < ids) {
		printf("%zu of %zu ids have been heard of since the erasure, or are shared: what is newer, or "
		       "another's, "
		       "was left out\n",
		       returned, ids);
	}
	if (verifying->finding_count == 0) {
		printf("nothing is left of them but the ledger, the audit and empty arbiters (%zu id%s)\n", ids,
		       ids == 1 ? "" : "s");
	}
}

int erase_verify(struct ctl *ctl, struct postgres *postgres, struct erase_person *person, bool json)
{
	struct verifying verifying = {.arena = &ctl->arena, .person = person};
	struct progress progress;
	struct fail fail;
	size_t ids, returned;
	progress_begin(&progress, "erase", false);
	bool good = look(&verifying, postgres, person, &progress, &ids, &returned, &fail);
	progress_end(&progress);
	if (!good) {
		return ctl_give_up(ctl, &fail);
	}
	if (json) {
		print_json(&verifying, ids, returned);
	} else {
		print(&verifying, ids, returned);
	}
	return verifying.finding_count == 0 ? EXIT_DONE : EXIT_FOUND;
}
