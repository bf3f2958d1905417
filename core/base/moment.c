#include "core/base/moment.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

int64_t moment_now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * MOMENT_SECOND_US + now.tv_nsec / 1000;
}

int64_t moment_monotonic_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * MOMENT_SECOND_US + now.tv_nsec / 1000;
}

/* Days since 1970-01-01 of a date in the Gregorian calendar (Howard Hinnant, "days_from_civil"). */
static int64_t days_from_date(int64_t year, unsigned month, unsigned day)
{
	year -= month <= 2;
	int64_t era = moment_floor(year, 400);
	unsigned year_of_era = (unsigned)(year - era * 400);
	unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + (int64_t)day_of_era - 719468;
}

void moment_print(int64_t us, char ret_text[static MOMENT_TEXT_SIZE])
{
	int64_t seconds = moment_floor(us, MOMENT_SECOND_US);
	unsigned fraction = (unsigned)(us - seconds * MOMENT_SECOND_US);
	time_t moment = (time_t)seconds;
	struct tm parts;
	if (gmtime_r(&moment, &parts) == NULL || parts.tm_year < -1899 || parts.tm_year > 8099) {
		snprintf(ret_text, MOMENT_TEXT_SIZE, "out of range");
		return;
	}
	char date[MOMENT_TEXT_SIZE];
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
	if (parts.tm_year < -900) { /* %Y does not pad */
		snprintf(date, sizeof(date), "%04u-%02u-%02uT%02u:%02u:%02u",
			 (unsigned)(parts.tm_year + 1900) % 10000, (unsigned)(parts.tm_mon + 1) % 100,
			 (unsigned)parts.tm_mday % 100, (unsigned)parts.tm_hour % 100,
			 (unsigned)parts.tm_min % 100, (unsigned)parts.tm_sec % 100);
	}
	if (fraction != 0) {
		snprintf(ret_text, MOMENT_TEXT_SIZE, "%.19s.%06uZ", date, fraction % 1000000);
	} else {
		snprintf(ret_text, MOMENT_TEXT_SIZE, "%.19sZ", date);
	}
}

static bool digits(const char **at, unsigned count, unsigned low, unsigned high, unsigned *ret)
{
	unsigned value = 0;
	for (unsigned i = 0; i < count; i++) {
		if (!isdigit((unsigned char)(*at)[i])) {
			return false;
		}
		value = value * 10 + (unsigned)((*at)[i] - '0');
	}
	if (value < low || value > high) {
		return false;
	}
	*at += count;
	*ret = value;
	return true;
}

static bool one_of(const char **at, const char *set)
{
	for (; *set != '\0'; set++) {
		if (**at == *set) {
			(*at)++;
			return true;
		}
	}
	return false;
}

static unsigned month_days(unsigned year, unsigned month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29 : days[month - 1];
}

static bool read_fraction(const char **at, unsigned *ret_us)
{
	unsigned us = 0;
	unsigned count = 0;
	for (; isdigit((unsigned char)**at); (*at)++, count++) {
		if (count < 6) {
			us = us * 10 + (unsigned)(**at - '0');
		}
	}
	if (count == 0 || count > 9) {
		return false;
	}
	for (; count < 6; count++) {
		us *= 10;
	}
	*ret_us = us;
	return true;
}

static bool read_offset(const char **at, int *ret_minutes)
{
	if (one_of(at, "Zz")) {
		*ret_minutes = 0;
		return true;
	}
	bool west = **at == '-';
	unsigned hours, minutes;
	if (!one_of(at, "+-") || !digits(at, 2, 0, 23, &hours) || !one_of(at, ":") ||
	    !digits(at, 2, 0, 59, &minutes)) {
		return false;
	}
	int total = (int)(hours * 60 + minutes);
	*ret_minutes = west ? -total : total;
	return true;
}

void moment_print_second(int64_t us, char ret_text[static MOMENT_TEXT_SIZE])
{
	moment_print(moment_floor(us, MOMENT_SECOND_US) * MOMENT_SECOND_US, ret_text);
}

bool moment_read(const char *text, int64_t *ret_us)
{
	const char *at = text;
	unsigned year, month, day, hour, minute, second, fraction = 0;
	int offset;
	if (!digits(&at, 4, 1, 9999, &year) || !one_of(&at, "-") || !digits(&at, 2, 1, 12, &month) ||
	    !one_of(&at, "-") || !digits(&at, 2, 1, month_days(year, month), &day) || !one_of(&at, "Tt ") ||
	    !digits(&at, 2, 0, 23, &hour) || !one_of(&at, ":") || !digits(&at, 2, 0, 59, &minute) ||
	    !one_of(&at, ":") || !digits(&at, 2, 0, 60, &second)) {
		return false;
	}
	if ((one_of(&at, ".") && !read_fraction(&at, &fraction)) || !read_offset(&at, &offset) || *at != '\0') {
		return false;
	}
	int64_t seconds = days_from_date(year, month, day) * 86400 + (int64_t)hour * 3600 + (int64_t)minute * 60 +
			  second - (int64_t)offset * 60;
	*ret_us = seconds * MOMENT_SECOND_US + fraction;
	return true;
}
