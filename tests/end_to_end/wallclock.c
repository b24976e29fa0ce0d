/* Clocks that are not right, put before the system's by LD_PRELOAD.

   The file that SEGUED_CLOCK names holds two numbers: by how many seconds the
   clock on the wall is ahead, and the one that goes on while a machine is
   suspended. It uses no headers, so that no package has to bring them. */

struct timespec {
    long seconds, nanoseconds;
};

enum { REALTIME = 0, BOOTTIME = 7 };
enum { PROT_READ = 1, MAP_SHARED = 1, SIZE = 16 };

extern char *getenv(const char *);
extern int open(const char *, int, ...);
extern void *mmap(void *, unsigned long, int, int, int, long);
extern void *dlsym(void *, const char *);

static long ahead(int clock)
{
    static const volatile long *said;
    if (!said)
        said = mmap(0, SIZE, PROT_READ, MAP_SHARED, open(getenv("SEGUED_CLOCK"), 0), 0);
    return clock == REALTIME ? said[0] : clock == BOOTTIME ? said[1] : 0;
}

int clock_gettime(int clock, struct timespec *now)
{
    static int (*right)(int, struct timespec *);
    if (!right)
        right = dlsym((void *)-1, "clock_gettime");
    int failed = right(clock, now);
    now->seconds += ahead(clock);
    return failed;
}

int gettimeofday(struct timespec *now, void *zone)
{
    int failed = clock_gettime(REALTIME, now);
    now->nanoseconds /= 1000;
    return failed;
}

long time(long *told)
{
    struct timespec now;
    clock_gettime(REALTIME, &now);
    if (told)
        *told = now.seconds;
    return now.seconds;
}

/* A moment that somebody waits for is one of the clock that they were shown. */
int sem_timedwait(void *semaphore, const struct timespec *until)
{
    static int (*right)(void *, const struct timespec *);
    if (!right)
        right = dlsym((void *)-1, "sem_timedwait");
    struct timespec then = {until->seconds - ahead(REALTIME), until->nanoseconds};
    return right(semaphore, &then);
}
