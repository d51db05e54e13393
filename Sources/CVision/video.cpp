// Video straight from FFmpeg's libraries, the ones that OpenCV's own capture stands on. Through them a read can be
// interrupted, damage is reported instead of hidden, and a frame is converted once, into the image that keeps it.
#include "internal.hpp"

#include <opencv2/imgproc.hpp>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/log.h>
#include <libswscale/swscale.h>
}

#include <atomic>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <memory>
#include <string>

using vision::Failure;
using vision::guarded;
using vision::require;
using Clock = std::chrono::steady_clock;

struct vision_stop {
    std::atomic<bool> requested{false};
};

namespace {

// What may be opened. A playlist or a script among the demuxers could make a "video" read other files.
constexpr const char *containers =
    "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,h264,hevc,m4v,ivf,obu,asf,ogg,mxf,nut,dv,yuv4mpegpipe,"
    "mjpeg,mpjpeg,rtsp,sdp,rtp";
// A file opens nothing but files; a live source opens no file.
constexpr const char *fileProtocols = "file";
constexpr const char *liveProtocols = "rtsp,rtsps,rtp,http,https,tcp,tls,udp";

/// Reads that fail in a row before a source counts as broken: a hole of this many packets ends a file.
constexpr int readFailuresMax = 256;

// FFmpeg's reasons arrive as log lines on the thread that made the call: the last error is kept for the message.
thread_local char lastLine[256];

void keepLine(void *context, int level, const char *format, va_list arguments) {
    if (level > AV_LOG_ERROR) return;
    int prefix = 1;
    av_log_format_line2(context, level, format, arguments, lastLine, sizeof lastLine, &prefix);
    for (size_t end = std::strlen(lastLine); end > 0 && (lastLine[end - 1] == '\n' || lastLine[end - 1] == '\r');)
        lastLine[--end] = 0;
}

std::string reason(int code) {
    char text[AV_ERROR_MAX_STRING_SIZE] = {};
    av_strerror(code, text, sizeof text);
    // "[mov,mp4 @ 0x55d0] moov atom not found": the address helps nobody.
    std::string line = lastLine;
    if (const size_t close = line.find("] "); line.rfind("[", 0) == 0 && close != std::string::npos)
        line = line.substr(close + 2);
    // A line that names an address may hold its password.
    if (line.empty() || line.find("://") != std::string::npos) return text;
    return std::string(text) + " (" + line + ")";
}

struct FreeFrame {
    void operator()(AVFrame *frame) const { av_frame_free(&frame); }
};
struct FreePacket {
    void operator()(AVPacket *packet) const { av_packet_free(&packet); }
};
struct FreeDecoder {
    void operator()(AVCodecContext *decoder) const { avcodec_free_context(&decoder); }
};
struct FreeScaler {
    void operator()(SwsContext *scaler) const { sws_freeContext(scaler); }
};

int64_t nanoseconds(int64_t ticks, AVRational base) { return av_rescale_q(ticks, base, AVRational{1, 1000000000}); }

/// Quarter turns clockwise that bring the picture upright, by the container's display matrix.
int quarterTurns(const AVStream *stream) {
    size_t size = 0;
    const uint8_t *matrix = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    if (!matrix || size < 9 * sizeof(int32_t)) return 0;
    const double counterclockwise = av_display_rotation_get(reinterpret_cast<const int32_t *>(matrix));
    if (counterclockwise != counterclockwise) return 0;
    return ((int(-counterclockwise / 90 + (counterclockwise > 0 ? -0.5 : 0.5)) % 4) + 4) % 4;
}

}  // namespace

struct vision_capture {
    const vision_stop *stop;
    Clock::time_point deadline;
    bool timedOut = false;
    std::chrono::nanoseconds readTime;
    AVFormatContext *container = nullptr;
    AVStream *stream = nullptr;
    std::unique_ptr<AVCodecContext, FreeDecoder> decoder;
    std::unique_ptr<AVPacket, FreePacket> packet{av_packet_alloc()};
    std::unique_ptr<AVFrame, FreeFrame> frame{av_frame_alloc()};
    std::unique_ptr<SwsContext, FreeScaler> scaler;
    int turns = 0;
    int64_t packets = 0;
    int readFailures = 0;
    bool live = false, draining = false, lost = false;
    std::string ending;

    ~vision_capture() { avformat_close_input(&container); }

    /// FFmpeg asks at least ten times a second whether to give up waiting.
    static int interrupted(void *self) {
        auto *capture = static_cast<vision_capture *>(self);
        if (capture->stop->requested.load(std::memory_order_relaxed)) return 1;
        if (Clock::now() < capture->deadline) return 0;
        capture->timedOut = true;
        return 1;
    }

    void open(const char *source, int threads, std::chrono::nanoseconds openTime, vision_video_info &info);
    /// Feeds packets until a frame comes out.
    VisionGrab next();
    bool stopped() const { return stop->requested.load(std::memory_order_relaxed); }
    void requireFrame() const {
        require(frame->data[0] != nullptr, VisionStatusBadArgument, "no frame has been grabbed");
    }
};

void vision_capture::open(const char *source, int threads, std::chrono::nanoseconds openTime, vision_video_info &info) {
    lastLine[0] = 0;
    deadline = Clock::now() + openTime;
    live = std::strstr(source, "://") != nullptr;
    container = avformat_alloc_context();
    if (!container || !packet || !frame) throw std::bad_alloc();
    container->interrupt_callback = {interrupted, this};

    AVDictionary *options = nullptr;
    av_dict_set(&options, "format_whitelist", containers, 0);
    av_dict_set(&options, "protocol_whitelist", live ? liveProtocols : fileProtocols, 0);
    // A lost datagram smears pictures until the next key frame: UDP is only for cameras that refuse TCP.
    av_dict_set(&options, "rtsp_flags", "prefer_tcp", 0);
    // A live stream must not wait to learn its frame rate: its frames are timed by the clock.
    if (live) av_dict_set(&options, "fpsprobesize", "0", 0);
    if (live) av_dict_set(&options, "analyzeduration", "1000000", 0);
    // Without the scheme a path such as "12:30.mp4" would be taken for a protocol.
    const std::string address = live ? source : std::string("file:") + source;
    int code = avformat_open_input(&container, address.c_str(), nullptr, &options);
    av_dict_free(&options);
    const auto check = [&](int result) {
        if (result >= 0) return;
        if (stopped()) throw Failure(VisionStatusUnreadable, "stopped while opening");
        if (timedOut) throw Failure(VisionStatusUnreadable, "no answer within the time for opening");
        throw Failure(VisionStatusUnreadable, reason(result));
    };
    check(code);
    check(avformat_find_stream_info(container, nullptr));

    const AVCodec *codec = nullptr;
    const int chosen = av_find_best_stream(container, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    require(chosen >= 0 && codec, VisionStatusUnreadable, "it holds no video that can be decoded");
    stream = container->streams[chosen];
    for (unsigned i = 0; i < container->nb_streams; i++)
        if (int(i) != chosen) container->streams[i]->discard = AVDISCARD_ALL;
    turns = quarterTurns(stream);

    decoder.reset(avcodec_alloc_context3(codec));
    if (!decoder) throw std::bad_alloc();
    check(avcodec_parameters_to_context(decoder.get(), stream->codecpar));
    decoder->thread_count = threads;
    decoder->pkt_timebase = stream->time_base;
    check(avcodec_open2(decoder.get(), codec, nullptr));

    info.frames = stream->nb_frames;
    const bool guessed = container->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE ||
                         container->duration_estimation_method == AVFMT_DURATION_FROM_PTS;
    info.duration = stream->duration != AV_NOPTS_VALUE ? nanoseconds(stream->duration, stream->time_base)
                    : container->duration != AV_NOPTS_VALUE ? container->duration * 1000
                                                            : 0;
    if (guessed) info.duration = 0;
    info.rate = stream->avg_frame_rate.den > 0 ? av_q2d(stream->avg_frame_rate) : 0;
}

VisionGrab vision_capture::next() {
    deadline = Clock::now() + readTime;
    timedOut = false;
    while (true) {
        if (stopped()) return VisionGrabStopped;
        if (live && interrupted(this)) {
            ending = "no frame within the read time";
            return VisionGrabTimedOut;
        }
        int code = avcodec_receive_frame(decoder.get(), frame.get());
        if (code == 0) return VisionGrabFrame;
        if (code == AVERROR_EOF) return ending.empty() ? VisionGrabEnd : VisionGrabBroken;
        if (code != AVERROR(EAGAIN)) {
            if (draining) {
                // A decoder that fails while it empties itself has nothing more to give.
                if (ending.empty()) ending = reason(code);
                return VisionGrabBroken;
            }
            lost = true;
        }

        code = av_read_frame(container, packet.get());
        if (code < 0) {
            if (stopped()) return VisionGrabStopped;
            if (timedOut) {
                ending = "no frame within the read time";
                return VisionGrabTimedOut;
            }
            if (code == AVERROR(EAGAIN)) continue;
            // A demuxer that met a hole in a file may still find the packets behind it.
            if (!live && code != AVERROR_EOF && code != AVERROR(EIO) && ++readFailures < readFailuresMax &&
                !avio_feof(container->pb)) {
                lost = true;
                continue;
            }
            // FFmpeg explains a closed connection as a download that misses some 2^64 bytes.
            if (code != AVERROR_EOF) ending = live && code == AVERROR(EIO) ? "the connection broke off" : reason(code);
            draining = true;
            avcodec_send_packet(decoder.get(), nullptr);
            continue;
        }
        readFailures = 0;
        if (packet->stream_index == stream->index) {
            packets++;
            if (packet->flags & AV_PKT_FLAG_CORRUPT) lost = true;
            code = avcodec_send_packet(decoder.get(), packet.get());
            if (code < 0 && code != AVERROR(EAGAIN)) lost = true;
        }
        av_packet_unref(packet.get());
    }
}

vision_stop *vision_stop_create(void) noexcept { return new (std::nothrow) vision_stop; }
void vision_stop_request(vision_stop *stop) noexcept { stop->requested.store(true, std::memory_order_relaxed); }
bool vision_stop_requested(const vision_stop *stop) noexcept {
    return stop->requested.load(std::memory_order_relaxed);
}
void vision_stop_destroy(vision_stop *stop) noexcept { delete stop; }

VisionStatus vision_capture_open(const char *source, int32_t threads, int64_t openNanoseconds, int64_t readNanoseconds,
                                 const vision_stop *stop, vision_capture **capture, vision_video_info *info,
                                 vision_error *error) noexcept {
    return guarded(error, [&] {
        require(threads >= 1 && threads <= 64, VisionStatusBadArgument, "1 to 64 decoder threads");
        static const bool quiet = [] {
            av_log_set_callback(keepLine);
            return avformat_network_init() == 0;
        }();
        (void)quiet;
        auto made = std::make_unique<vision_capture>();
        made->stop = stop;
        made->readTime = std::chrono::nanoseconds(readNanoseconds);
        *info = {};
        made->open(source, threads, std::chrono::nanoseconds(openNanoseconds), *info);
        *capture = made.release();
    });
}

void vision_capture_close(vision_capture *capture) noexcept { delete capture; }

VisionStatus vision_capture_grab(vision_capture *capture, vision_grab *grab, vision_error *error) noexcept {
    return guarded(error, [&] {
        lastLine[0] = 0;
        *grab = {};
        grab->outcome = capture->next();
        grab->packets = capture->packets;
        grab->presentation = INT64_MIN;
        if (grab->outcome != VisionGrabFrame) {
            av_frame_unref(capture->frame.get());
            vision::report(error, VisionStatusOk, capture->ending.c_str());
            return;
        }
        const AVFrame &frame = *capture->frame;
        const int64_t start = capture->stream->start_time;
        if (frame.best_effort_timestamp != AV_NOPTS_VALUE)
            grab->presentation = nanoseconds(
                frame.best_effort_timestamp - (start == AV_NOPTS_VALUE ? 0 : start), capture->stream->time_base);
        grab->key = frame.key_frame != 0;
        grab->damaged = capture->lost || frame.decode_error_flags != 0 || (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0;
        capture->lost = false;
    });
}

VisionStatus vision_capture_thumbnail(vision_capture *capture, int32_t width, int32_t height, uint8_t *bytes,
                                      vision_error *error) noexcept {
    return guarded(error, [&] {
        capture->requireFrame();
        require(width >= 1 && height >= 1, VisionStatusBadArgument, "an empty thumbnail");
        const AVFrame &frame = *capture->frame;
        cv::Mat small(height, width, CV_8UC1, bytes);
        switch (frame.format) {
        case AV_PIX_FMT_YUV420P:
        case AV_PIX_FMT_YUVJ420P:
        case AV_PIX_FMT_YUV422P:
        case AV_PIX_FMT_YUVJ422P:
        case AV_PIX_FMT_YUV444P:
        case AV_PIX_FMT_YUVJ444P:
        case AV_PIX_FMT_NV12:
        case AV_PIX_FMT_GRAY8: {
            // The first plane is the brightness.
            const cv::Mat plane(frame.height, frame.width, CV_8UC1, frame.data[0], size_t(frame.linesize[0]));
            cv::resize(plane, small, small.size(), 0, 0, cv::INTER_AREA);
            break;
        }
        default: {
            SwsContext *scaler = sws_getContext(frame.width, frame.height, AVPixelFormat(frame.format), width, height,
                                                AV_PIX_FMT_GRAY8, SWS_AREA, nullptr, nullptr, nullptr);
            require(scaler, VisionStatusBadImage, "a pixel format that can't be converted");
            const std::unique_ptr<SwsContext, FreeScaler> owner(scaler);
            uint8_t *rows[4] = {bytes};
            const int steps[4] = {width};
            sws_scale(scaler, frame.data, frame.linesize, 0, frame.height, rows, steps);
        }
        }
        require(small.data == bytes, VisionStatusInternal, "the thumbnail was made elsewhere");
    });
}

VisionStatus vision_capture_picture(vision_capture *capture, vision_image **image, vision_error *error) noexcept {
    return guarded(error, [&] {
        capture->requireFrame();
        const AVFrame &frame = *capture->frame;
        require(frame.width >= 1 && frame.width <= 32768 && frame.height >= 1 && frame.height <= 32768,
                VisionStatusBadImage, "a frame has 1 to 32768 pixels a side");
        const auto format = AVPixelFormat(frame.format);
        capture->scaler.reset(sws_getCachedContext(capture->scaler.release(), frame.width, frame.height, format,
                                                   frame.width, frame.height, AV_PIX_FMT_BGR24, SWS_BILINEAR, nullptr,
                                                   nullptr, nullptr));
        require(capture->scaler != nullptr, VisionStatusBadImage, "a pixel format that can't be converted");
        // The matrix is the stream's own; unsaid, it is BT.601 as everywhere else in OpenCV.
        const int matrix = frame.colorspace == AVCOL_SPC_BT709 ? SWS_CS_ITU709 : SWS_CS_ITU601;
        const int *coefficients = sws_getCoefficients(matrix);
        const int full = frame.color_range == AVCOL_RANGE_JPEG || format == AV_PIX_FMT_YUVJ420P ||
                         format == AV_PIX_FMT_YUVJ422P || format == AV_PIX_FMT_YUVJ444P;
        sws_setColorspaceDetails(capture->scaler.get(), coefficients, full, coefficients, 1, 0, 1 << 16, 1 << 16);

        auto made = std::make_unique<vision_image>();
        made->mat.create(frame.height, frame.width, CV_8UC3);
        uint8_t *rows[4] = {made->mat.data};
        const int steps[4] = {int(made->mat.step[0])};
        require(sws_scale(capture->scaler.get(), frame.data, frame.linesize, 0, frame.height, rows, steps) ==
                    frame.height,
                VisionStatusBadImage, "the frame could not be converted");
        if (capture->turns != 0) {
            constexpr int codes[4] = {0, cv::ROTATE_90_CLOCKWISE, cv::ROTATE_180, cv::ROTATE_90_COUNTERCLOCKWISE};
            cv::Mat upright;
            cv::rotate(made->mat, upright, codes[capture->turns]);
            made->mat = upright;
        }
        *image = made.release();
    });
}
