/*
 * Prints the daemon's statements as a script for psql: settles the session, then prepares each and asks for its plan.
 * tests/integration/plans_test.py runs it and reads the plans.
 */
#include <stdio.h>

#include "core/base/check.h"
#include "core/edge/store_sql_account.h"
#include "core/edge/store_sql_chores.h"
#include "core/edge/store_sql_deals.h"
#include "core/edge/store_sql_erase.h"
#include "core/edge/store_sql_save.h"
#include "core/edge/store_sql_standing.h"

static const struct postgres_statement *const every[] = {
	&sql_settings_set,
	&sql_claim,
	&sql_look,
	&sql_months,
	&sql_advance,
	&sql_claims,
	&sql_claims_others,
	&sql_claims_stated,
	&sql_in_play,
	&sql_arbiters,
	&sql_lock,
	&sql_consents,
	&sql_declared,
	&sql_erasures,
	&sql_copies,
	&sql_times,
	&sql_phases,
	&sql_read_contacts,
	&sql_read_actors,
	&sql_read_rules,
	&sql_save_subjects,
	&sql_save_rules,
	&sql_save_actors,
	&sql_save_valueless,
	&sql_drop_claims,
	&sql_save_claims,
	&sql_drop_consents,
	&sql_save_consents,
	&sql_drop_declared,
	&sql_save_declared,
	&sql_drop_assertions,
	&sql_save_assertions,
	&sql_insert_assertions,
	&sql_drop_kin,
	&sql_save_kin,
	&sql_drop_persons,
	&sql_save_persons,
	&sql_drop_stretches,
	&sql_save_stretches,
	&sql_save_touches,
	&sql_save_states,
	&sql_bump,
	&sql_drop_changes,
	&sql_save_changes,
	&sql_erase_touches,
	&sql_save_timed,
	&sql_save_threads,
	&sql_save_costs,
	&sql_save_stages,
	&sql_save_associates,
	&sql_deals_step,
	&sql_save_outcomes,
	&sql_drop_outcomes,
	&sql_save_rejects,
	&sql_arbiters_new,
	&sql_arbiters_known,
	&sql_insert_touches,
	&sql_advance_under,
	&sql_holds,
	&sql_save_raws,
	&sql_purge_rejects,
	&sql_retention,
	&sql_read_checkpoints,
	&sql_drop_checkpoints,
	&sql_save_checkpoints,
	&sql_undo_changes,
	&sql_review_due,
	&sql_review_save,
	&sql_review_back,
	&sql_save_waiting,
	&sql_drop_waiting,
	&sql_pick,
	&sql_pick_waiting,
	&sql_pick_phases,
	&sql_postpone,
	&sql_queue,
	&sql_takeover,
	&sql_explain_due,
	&sql_explain_read,
	&sql_explain_save,
	&sql_explain_done,
	&sql_account_due,
	&sql_account_committee,
	&sql_account_lock,
	&sql_account_put_phases,
	&sql_account_put_changes,
	&sql_account_put_members,
	&sql_account_done,
	&sql_drop_explanations,
	&sql_drop_histories,
	&sql_standing_read,
	&sql_standing_save,
	&sql_drop_standings,
	&sql_erase_touches_said,
	&sql_erase_touches_in,
	&sql_erase_beside,
	&sql_erase_claims_on,
	&sql_erase_linked,
	&sql_erase_assertions,
	&sql_erase_claims,
	&sql_erase_claims_of,
	&sql_erase_consenting,
	&sql_erase_ledger,
	&sql_erase_kept,
	&sql_erase_unknown,
	&sql_erase_times,
	&sql_erase_newest,
	&sql_erase_newest_weak,
	&sql_erase_left,
	&sql_erase_arbiters,
	&sql_erase_arbiters_made,
	&sql_erase_waiting,
	&sql_erase_raws,
};

static const char *const types[] = {
	[POSTGRES_BOOL] = "boolean",
	[POSTGRES_INT2] = "smallint",
	[POSTGRES_INT4] = "integer",
	[POSTGRES_INT8] = "bigint",
	[POSTGRES_FLOAT8] = "float8",
	[POSTGRES_TEXT] = "text",
	[POSTGRES_BYTEA] = "bytea",
	[POSTGRES_UUID] = "uuid",
	[POSTGRES_TIMESTAMPTZ] = "timestamptz",
	[POSTGRES_DATE] = "date",
	[POSTGRES_ROW] = "phased.state_row",
};

static void print_prepare(const struct postgres_statement *statement)
{
	printf("PREPARE %s", statement->name);
	for (unsigned i = 0; i < statement->parameter_count; i++) {
		printf("%s%s%s", i > 0 ? ", " : " (", types[statement->parameters[i].type],
		       statement->parameters[i].array ? "[]" : "");
	}
	printf("%s AS %s;\n", statement->parameter_count > 0 ? ")" : "", statement->sql);
}

int main(void)
{
	print_prepare(&sql_settle);
	printf("EXECUTE settle ('0', '0');\n");
	for (size_t i = 0; i < COUNT_OF(every); i++) {
		print_prepare(every[i]);
		printf("\\echo == %s\nEXPLAIN (COSTS OFF) EXECUTE %s", every[i]->name, every[i]->name);
		for (unsigned j = 0; j < every[i]->parameter_count; j++) {
			printf("%sNULL", j > 0 ? ", " : " (");
		}
		printf("%s;\n", every[i]->parameter_count > 0 ? ")" : "");
	}
	return 0;
}
