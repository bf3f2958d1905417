/*
 * The quick way's arbiters: of what SAVE writes, the rows that are written on a condition. Pure.
 */
#pragma once
#include <stdbool.h>

#include "core/model/rows.h"

struct arena;

/*
 * Takes the arbiters' states and the bumped ones out of ret_save's lists and puts them, with the version that each was
 * loaded with, into arbiters_new and arbiters. With ret_save->by_copy also what is as new as they are: actors_new and
 * changes_new. Needs the lists and load->phases sorted by contact, as gather_batch() and contacts_in_order() leave them.
 * False: arena full.
 */
bool arbiters_split(const struct load_rows *load, struct arena *arena, struct save_rows *ret_save);
