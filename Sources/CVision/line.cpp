#include "internal.hpp"

#include <opencv2/imgproc.hpp>

VisionStatus vision_line_sharpness(const vision_image *grey, double *sharpness, vision_error *error) noexcept {
    return vision::guarded(error, [&] {
        vision::require(grey->mat.channels() == 1, VisionStatusBadArgument, "sharpness is measured on a grey image");
        cv::Mat detail;
        cv::Laplacian(grey->mat, detail, CV_32F);
        cv::Scalar mean, deviation;
        cv::meanStdDev(detail, mean, deviation);
        *sharpness = deviation[0] * deviation[0];
    });
}
