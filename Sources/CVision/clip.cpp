// Writing of video files.
#include "internal.hpp"

#include <opencv2/videoio.hpp>

#include <memory>

using vision::guarded;
using vision::require;

struct vision_clip {
    cv::VideoWriter writer;
    cv::Size size;
};

VisionStatus vision_clip_create(const char *path, double frames_per_second, int32_t width, int32_t height,
                                vision_clip **clip, vision_error *error) noexcept {
    return guarded(error, [&] {
        auto made = std::make_unique<vision_clip>();
        made->size = {width, height};
        const int fourcc = cv::VideoWriter::fourcc('m', 'p', '4', 'v');
        made->writer.open(path, cv::CAP_FFMPEG, fourcc, frames_per_second, made->size);
        require(made->writer.isOpened(), VisionStatusUnreadable, path);
        *clip = made.release();
    });
}

VisionStatus vision_clip_append(vision_clip *clip, const vision_image *image, vision_error *error) noexcept {
    return guarded(error, [&] {
        require(image->mat.type() == CV_8UC3 && image->mat.size() == clip->size, VisionStatusBadImage,
                "the frame has another size than the clip");
        clip->writer.write(image->mat);
    });
}

void vision_clip_finish(vision_clip *clip) noexcept {
    try {
        clip->writer.release();
    } catch (...) {
    }
}

void vision_clip_destroy(vision_clip *clip) noexcept { delete clip; }
