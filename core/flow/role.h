/*
 * What people write about their role or title → the role that a buying committee counts. Pure; the words are in
 * role_words.def, in Danish, Norwegian, Swedish, German and English.
 */
#pragma once

#include "core/model/role.h"

#define ROLE_TEXT_SIZE_MAX 128 /* a longer text has no role; event.h allows no longer one */

/*
 * The role whose words stand in the text, whole words in any case, punctuation aside: of several the first in the
 * text, of several there the longest. "Økonomidirektør", "Head of Procurement, Nordics", "CFO". ROLE_NONE when none
 * stands in it.
 */
enum role role_read(const char *text);
