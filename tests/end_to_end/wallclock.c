/* An LD_PRELOAD library that shifts CLOCK_REALTIME and CLOCK_BOOTTIME.

   The file named by SEGUED_CLOCK holds two native 64-bit integers: the seconds
   to add to CLOCK_REALTIME, and those to add to CLOCK_BOOTTIME. The code uses
   no headers, so that no development package is needed. */

struct timespec {
    long seconds, nanoseconds;
};

enum { REALTIME = 0, BOOTTIME = 7 };
enum { PROT_READ = 1, MAP_SHARED = 1, SIZE = 16 };

extern char *getenv(const char *);
extern int open(const char *, int, ...);
extern void *mmap(void *, unsigned long, int, int, int, long);
extern void *dlsym(void *, const char *);

static long offset(int clock)
{
    static const volatile long *offsets;
    if (!offsets)
        offsets = mmap(0, SIZE, PROT_READ, MAP_SHARED, open(getenv("SEGUED_CLOCK"), 0), 0);
    return clock == REALTIME ? offsets[0] : clock == BOOTTIME ? offsets[1] : 0;
}

int clock_gettime(int clock, struct timespec *now)
{
    static int (*real)(int, struct timespec *);
    if (!real)
        real = dlsym((void *)-1, "clock_gettime");
    int failed = real(clock, now);
    now->seconds += offset(clock);
    return failed;
}

int gettimeofday(struct timespec *now, void *zone)
{
    int failed = clock_gettime(REALTIME, now);
    now->nanoseconds /= 1000;
    return failed;
}

long time(long *result)
{
    struct timespec now;
    clock_gettime(REALTIME, &now);
    if (result)
        *result = now.seconds;
    return now.seconds;
}

/* The caller computed the deadline from the shifted clock: shift it back. */
int sem_timedwait(void *semaphore, const struct timespec *until)
{
    static int (*real)(void *, const struct timespec *);
    if (!real)
        real = dlsym((void *)-1, "sem_timedwait");
    struct timespec then = {until->seconds - offset(REALTIME), until->nanoseconds};
    return real(semaphore, &then);
}
