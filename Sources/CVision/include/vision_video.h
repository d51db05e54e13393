#ifndef VISION_VIDEO_H
#define VISION_VIDEO_H

#include "vision_base.h"
#include "vision_image.h"

/// Asks a capture to stop, from any thread. Must outlive the captures made with it.
typedef struct vision_stop vision_stop;

/// One open video: a file, or a live stream over HTTP or RTSP. One owner; used by one thread at a time.
typedef struct vision_capture vision_capture;

typedef struct {
    /// Frames the container promises; 0 when it does not say.
    int64_t frames;
    /// The container's length in nanoseconds; 0 when it does not say, or would only be guessed from the bytes left.
    int64_t duration;
    /// Frames per second, by the container's average; 0 when unknown.
    double rate;
} vision_video_info;

typedef enum __attribute__((enum_extensibility(closed))) : int32_t {
    /// The next frame is decoded and can be looked at until the next grab.
    VisionGrabFrame,
    /// The stream ended as it should, or stops short without the container's knowing.
    VisionGrabEnd,
    /// Nothing more can be read; the message says why.
    VisionGrabBroken,
    /// No frame came within the read time.
    VisionGrabTimedOut,
    /// ``vision_stop_request`` was called.
    VisionGrabStopped,
} VisionGrab;

typedef struct {
    VisionGrab outcome;
    /// Nanoseconds since the stream's start; INT64_MIN when the frame carries none.
    int64_t presentation;
    /// Packets of the video read so far, whether or not they gave a frame.
    int64_t packets;
    /// A frame that needs no other.
    bool key;
    /// The decoder had to invent part of this frame, or gave up packets just before it.
    bool damaged;
} vision_grab;

VISION_BEGIN

vision_stop *_Nullable vision_stop_create(void) VISION_NOEXCEPT;
void vision_stop_request(vision_stop *_Nonnull stop) VISION_NOEXCEPT;
bool vision_stop_requested(const vision_stop *_Nonnull stop) VISION_NOEXCEPT;
void vision_stop_destroy(vision_stop *_Nullable stop) VISION_NOEXCEPT;

/// Opens a file by path, or a live source by `rtsp`, `rtsps`, `http` or `https` address; RTSP over TCP, or over UDP
/// where the server refuses TCP.
///
/// - threads: Decoder threads, 1 or more.
/// - openNanoseconds, readNanoseconds: How long opening, and each grab, may wait.
/// - Status unreadable: no such file or server, not a video, cut off before its index. Stopping counts as well.
VisionStatus vision_capture_open(const char *_Nonnull source, int32_t threads, int64_t openNanoseconds,
                                 int64_t readNanoseconds, const vision_stop *_Nonnull stop,
                                 vision_capture *_Nullable *_Nonnull capture, vision_video_info *_Nonnull info,
                                 vision_error *_Nonnull error) VISION_NOEXCEPT;
void vision_capture_close(vision_capture *_Nullable capture) VISION_NOEXCEPT;

/// Decodes the next frame. For the outcomes that end a stream the message is filled, though the status is ok.
VisionStatus vision_capture_grab(vision_capture *_Nonnull capture, vision_grab *_Nonnull grab,
                                 vision_error *_Nonnull error) VISION_NOEXCEPT;

/// Shrinks the brightness of the grabbed frame to `width * height` bytes; costs a fraction of a picture.
VisionStatus vision_capture_thumbnail(vision_capture *_Nonnull capture, int32_t width, int32_t height,
                                      uint8_t *_Nonnull bytes, vision_error *_Nonnull error) VISION_NOEXCEPT;

/// Converts the grabbed frame to an image of its own, upright, BGR.
VisionStatus vision_capture_picture(vision_capture *_Nonnull capture, vision_image *_Nullable *_Nonnull image,
                                    vision_error *_Nonnull error) VISION_NOEXCEPT;

VISION_END

#endif
