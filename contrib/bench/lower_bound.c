/* The least cost of an import: decode, fingerprint, measure, and nothing else.
 *
 *     lower_bound [chromaprint|swresample] [ebur128] DECODER FILE... [DECODER FILE...]
 *
 * Decodes each file to its end with the decoder named before it (mpg123,
 * libflac or libavcodec). With `chromaprint`, its first 120 seconds are fed to
 * Chromaprint, with the file's sample rate and channels. With `swresample`,
 * libswresample first converts them to mono at 11,025 Hz, with the settings of
 * fpcalc; that is faster than Chromaprint's own conversion. With `ebur128`,
 * libebur128 measures integrated loudness and loudness range of the whole file,
 * without true peak. Prints the number of decoded seconds, of fingerprints and
 * of measured files, as proof of the work.
 *
 * For Vorbis and Opus, libavcodec's decoders are the fastest: vorbisfile took
 * 2.7 times as long, opusfile 2.3 times.
 */

#include <FLAC/stream_decoder.h>
#include <chromaprint.h>
#include <ebur128.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <mpg123.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRINT_SECONDS = 120, PRINT_RATE = 11025, PART_FRAMES = 65536, CHANNELS_MAX = 8 };

/* Fingerprint and loudness of the file that is being decoded. */
struct fingerprint {
    ChromaprintContext *printer;
    SwrContext *resampler; /* NULL: Chromaprint resamples itself */
    ebur128_state *meter;  /* NULL: loudness is not measured */
    int rate, channels;
    int64_t frames, wanted; /* decoded so far; still to be fed to Chromaprint */
};

static bool by_chromaprint, by_swresample, by_ebur128;
static double seconds;
static int prints, measured;

static void give_up(const char *path, const char *why) {
    fprintf(stderr, "lower_bound: %s: %s\n", path, why);
    exit(1);
}

static SwrContext *resampler(int rate, int channels) {
    SwrContext *made = NULL;
    AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO, given;
    av_channel_layout_default(&given, channels);
    swr_alloc_set_opts2(&made, &mono, AV_SAMPLE_FMT_S16, PRINT_RATE,
                        &given, AV_SAMPLE_FMT_S16, rate, 0, NULL);
    av_opt_set_int(made, "filter_size", 16, 0);
    av_opt_set_int(made, "phase_shift", 8, 0);
    av_opt_set_int(made, "linear_interp", 1, 0);
    av_opt_set_double(made, "cutoff", 0.8, 0);
    swr_init(made);
    return made;
}

static void begin(struct fingerprint *print, int rate, int channels) {
    if (print->rate) return;
    print->rate = rate;
    print->channels = channels;
    if (by_ebur128)
        print->meter = ebur128_init((unsigned)channels, (unsigned long)rate,
                                    EBUR128_MODE_I | EBUR128_MODE_LRA);
    if (!by_chromaprint) return;
    print->wanted = (int64_t)PRINT_SECONDS * rate;
    print->printer = chromaprint_new(CHROMAPRINT_ALGORITHM_DEFAULT);
    if (by_swresample && rate != PRINT_RATE) {
        print->resampler = resampler(rate, channels);
        chromaprint_start(print->printer, PRINT_RATE, 1);
    } else {
        chromaprint_start(print->printer, rate, channels);
    }
}

static bool needs_samples(const struct fingerprint *print) {
    return print->wanted > 0 || print->meter;
}

static void feed(struct fingerprint *print, const int16_t *sound, int64_t frames) {
    if (print->meter) ebur128_add_frames_short(print->meter, sound, (size_t)frames);
    if (frames > print->wanted) frames = print->wanted;
    if (frames <= 0) return;
    print->wanted -= frames;
    if (print->resampler) {
        static int16_t mono[PART_FRAMES];
        uint8_t *out = (uint8_t *)mono;
        const uint8_t *in = (const uint8_t *)sound;
        int made = swr_convert(print->resampler, &out, PART_FRAMES, &in, (int)frames);
        chromaprint_feed(print->printer, mono, made);
    } else {
        chromaprint_feed(print->printer, sound, (int)(frames * print->channels));
    }
}

static void end(struct fingerprint *print, const char *path) {
    char *text = NULL;
    if (!print->frames) give_up(path, "no audio");
    if (print->printer) {
        chromaprint_finish(print->printer);
        prints += chromaprint_get_fingerprint(print->printer, &text) == 1;
        chromaprint_dealloc(text);
        chromaprint_free(print->printer);
        swr_free(&print->resampler);
    }
    if (print->meter) {
        double loudness, range;
        measured += !ebur128_loudness_global(print->meter, &loudness) &&
                    !ebur128_loudness_range(print->meter, &range);
        ebur128_destroy(&print->meter);
    }
    seconds += (double)print->frames / print->rate;
}

/* MP3 */

static void mpg123(const char *path, struct fingerprint *print) {
    static int16_t sound[PART_FRAMES];
    mpg123_handle *mpg = mpg123_new(NULL, NULL);
    mpg123_param(mpg, MPG123_ADD_FLAGS, MPG123_QUIET, 0);
    long rate;
    int channels, encoding, status;
    if (mpg123_open(mpg, path) || mpg123_getformat(mpg, &rate, &channels, &encoding))
        give_up(path, mpg123_strerror(mpg));
    begin(print, (int)rate, channels);
    do {
        size_t bytes = 0;
        status = mpg123_read(mpg, (void *)sound, sizeof sound, &bytes);
        int64_t frames = (int64_t)(bytes / sizeof *sound) / channels;
        feed(print, sound, frames);
        print->frames += frames;
    } while (status == MPG123_OK || status == MPG123_NEW_FORMAT);
    mpg123_delete(mpg);
}

/* FLAC */

static FLAC__StreamDecoderWriteStatus flac_block(
    const FLAC__StreamDecoder *decoder, const FLAC__Frame *frame,
    const FLAC__int32 *const planes[], void *given) {
    static int16_t sound[PART_FRAMES * CHANNELS_MAX];
    struct fingerprint *print = given;
    int channels = (int)frame->header.channels;
    int64_t count = frame->header.blocksize;
    int bits = (int)frame->header.bits_per_sample;
    (void)decoder;
    begin(print, (int)frame->header.sample_rate, channels);
    if (needs_samples(print)) {
        for (int64_t at = 0; at < count; at++)
            for (int channel = 0; channel < channels; channel++) {
                int32_t value = planes[channel][at];
                sound[at * channels + channel] =
                    (int16_t)(bits > 16 ? value >> (bits - 16) : value << (16 - bits));
            }
        feed(print, sound, count);
    }
    print->frames += count;
    return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE;
}

static void flac_error(const FLAC__StreamDecoder *decoder,
                       FLAC__StreamDecoderErrorStatus status, void *given) {
    (void)decoder, (void)status, (void)given;
}

static void libflac(const char *path, struct fingerprint *print) {
    FLAC__StreamDecoder *flac = FLAC__stream_decoder_new();
    if (FLAC__stream_decoder_init_file(flac, path, flac_block, NULL, flac_error, print))
        give_up(path, "not FLAC");
    FLAC__stream_decoder_process_until_end_of_stream(flac);
    FLAC__stream_decoder_delete(flac);
}

/* All other formats */

static int16_t clipped(float value) {
    float scaled = value * 32768.0f;
    return (int16_t)(scaled > 32767.0f ? 32767.0f : scaled < -32768.0f ? -32768.0f : scaled);
}

static void feed_frame(struct fingerprint *print, const AVFrame *frame, const char *path) {
    static int16_t sound[PART_FRAMES * CHANNELS_MAX];
    int channels = frame->ch_layout.nb_channels, count = frame->nb_samples;
    if (channels > CHANNELS_MAX || count > PART_FRAMES) give_up(path, "frame too large");
    switch (frame->format) {
    case AV_SAMPLE_FMT_S16:
        feed(print, (const int16_t *)frame->data[0], count);
        return;
    case AV_SAMPLE_FMT_FLTP:
        for (int channel = 0; channel < channels; channel++) {
            const float *plane = (const float *)frame->extended_data[channel];
            for (int at = 0; at < count; at++)
                sound[at * channels + channel] = clipped(plane[at]);
        }
        break;
    case AV_SAMPLE_FMT_S16P:
        for (int channel = 0; channel < channels; channel++) {
            const int16_t *plane = (const int16_t *)frame->extended_data[channel];
            for (int at = 0; at < count; at++) sound[at * channels + channel] = plane[at];
        }
        break;
    case AV_SAMPLE_FMT_S32:
        for (int at = 0; at < count * channels; at++)
            sound[at] = (int16_t)(((const int32_t *)frame->data[0])[at] >> 16);
        break;
    case AV_SAMPLE_FMT_S32P:
        for (int channel = 0; channel < channels; channel++) {
            const int32_t *plane = (const int32_t *)frame->extended_data[channel];
            for (int at = 0; at < count; at++)
                sound[at * channels + channel] = (int16_t)(plane[at] >> 16);
        }
        break;
    default:
        give_up(path, "unknown sample format");
    }
    feed(print, sound, count);
}

static void libavcodec(const char *path, struct fingerprint *print) {
    AVFormatContext *format = NULL;
    const AVCodec *codec = NULL;
    if (avformat_open_input(&format, path, NULL, NULL)) give_up(path, "unknown format");
    avformat_find_stream_info(format, NULL);
    int stream = av_find_best_stream(format, AVMEDIA_TYPE_AUDIO, -1, -1, &codec, 0);
    if (stream < 0) give_up(path, "no audio");
    AVCodecContext *context = avcodec_alloc_context3(codec);
    avcodec_parameters_to_context(context, format->streams[stream]->codecpar);
    context->thread_count = 1;
    if (avcodec_open2(context, codec, NULL)) give_up(path, "no decoder");
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    bool more = true;
    while (more) {
        more = av_read_frame(format, packet) >= 0;
        if (!more || packet->stream_index == stream)
            avcodec_send_packet(context, more ? packet : NULL);
        av_packet_unref(packet);
        while (avcodec_receive_frame(context, frame) >= 0) {
            begin(print, frame->sample_rate, frame->ch_layout.nb_channels);
            if (needs_samples(print)) feed_frame(print, frame, path);
            print->frames += frame->nb_samples;
        }
    }
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&context);
    avformat_close_input(&format);
}

static const struct {
    const char *name;
    void (*decode)(const char *path, struct fingerprint *print);
} DECODERS[] = {{"mpg123", mpg123}, {"libflac", libflac}, {"libavcodec", libavcodec}};

int main(int count, char **words) {
    void (*decode)(const char *path, struct fingerprint *print) = libavcodec;
    mpg123_init();
    av_log_set_level(AV_LOG_QUIET);
    for (int at = 1; at < count; at++) {
        bool swresample = !strcmp(words[at], "swresample");
        bool ebur128 = !strcmp(words[at], "ebur128");
        bool named = swresample || ebur128 || !strcmp(words[at], "chromaprint");
        by_swresample |= swresample;
        by_ebur128 |= ebur128;
        by_chromaprint |= named && !ebur128;
        for (size_t nth = 0; nth < sizeof DECODERS / sizeof *DECODERS; nth++)
            if (!strcmp(words[at], DECODERS[nth].name)) {
                decode = DECODERS[nth].decode;
                named = true;
            }
        if (named) continue;
        struct fingerprint print = {0};
        decode(words[at], &print);
        end(&print, words[at]);
    }
    printf("%.3f %d %d\n", seconds, prints, measured);
    return 0;
}
