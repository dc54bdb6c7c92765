#include <stddef.h>
#include <sys/time.h>
#include "t/lib/tap.h"
#include "util/clock.h"

int main(void)
{
	int64_t first = clock_ms(), second;
	struct timeval wall = clock_wall(), now;

	gettimeofday(&now, NULL);
	ok(now.tv_sec - wall.tv_sec >= 0 && now.tv_sec - wall.tv_sec < 60, "wall time is real");
	second = clock_ms();
	ok(first > 0 && second >= first && second - first < 60000, "milliseconds go on");

	clock_freeze(5000, (struct timeval){.tv_sec = 100, .tv_usec = 999000});
	is_number(clock_ms(), 5000, "frozen");
	is_number(clock_wall().tv_sec, 100, "wall time, too");
	is_number(clock_wall().tv_usec, 999000, "its microseconds");
	clock_advance(1002);
	is_number(clock_ms(), 6002, "moved");
	is_number(clock_wall().tv_sec, 102, "both");
	is_number(clock_wall().tv_usec, 1000, "with the carry");
	clock_thaw();
	ok(clock_ms() >= second, "real again");
	return done();
}
