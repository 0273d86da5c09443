import pytest
import tensorflow as tf

from benchmarks import flops


def traced(function, *shapes):
    specs = [tf.TensorSpec(shape, tf.float32) for shape in shapes]
    return tf.function(function).get_concrete_function(*specs)


def test_a_convolution_counts_its_kernel_once_a_place_times_two():
    def convolve(image, kernel):
        return tf.nn.conv2d(image, kernel, 2, "SAME")

    # 4x4 places of 3 pictures, a kernel of 3*3*5*7 = 315.
    found = flops.of_function(traced(convolve, [3, 8, 8, 5], [3, 3, 5, 7]))
    assert found == {"Conv2D": 2 * 315 * 48}


def test_each_gradient_of_a_convolution_counts_as_much_as_the_convolution():
    def gradients(image, kernel):
        with tf.GradientTape() as tape:
            tape.watch([image, kernel])
            result = tf.nn.conv2d(image, kernel, 1, "VALID", dilations=2)
        return tape.gradient(result, [image, kernel])

    # 6 - 2 * 2 = 2 places a side.
    wanted = 2 * (3 * 3 * 2 * 4) * 4
    found = flops.of_function(traced(gradients, [1, 6, 6, 2], [3, 3, 2, 4]))
    # A kernel's gradient needs no result, so the convolution itself is left out.
    found.pop("Conv2D", None)
    assert found == {"Conv2DBackpropInput": wanted, "Conv2DBackpropFilter": wanted}


def test_a_transposed_convolution_is_applied_at_each_pixel_of_its_input():
    def enlarge(image, kernel):
        return tf.nn.conv2d_transpose(image, kernel, [2, 10, 10, 4], 2)

    found = flops.of_function(traced(enlarge, [2, 5, 5, 3], [3, 3, 4, 3]))
    assert found == {"Conv2DBackpropInput": 2 * 108 * 50}


def test_a_matrix_product_counts_rows_inner_and_columns():
    def multiply(a, b):
        return tf.matmul(a, b, transpose_a=True)

    found = flops.of_function(traced(multiply, [5, 2], [5, 3]))
    assert found == {"MatMul": 2 * 2 * 5 * 3}


def test_a_shape_that_is_not_known_is_an_error():
    def convolve(image):
        return tf.nn.conv2d(image, tf.ones([1, 1, 1, 1]), 1, "SAME")

    with pytest.raises(ValueError, match="fixed size"):
        flops.of_function(traced(convolve, [None, 4, 4, 1]))


def test_the_papers_head_has_the_operations_of_its_kernels_at_their_sizes():
    from tf_btgmi.models.generator import Generator

    generator = Generator(num_refinement_blocks=0)
    generator.build()
    function = traced(lambda x: generator(x, training=False), [1, 256, 256, 4])
    found = flops.of_function(function)
    # Kernel weights times places: the stem, down, 18 in the middle, the picture. 7x7
    # kernels have an edge of zeros where they take 2x2 pixels at once.
    down = (
        (8 * 8 * 4 * 64 * 256**2)
        + 9 * (64 * 128 * 128**2 + 128 * 256 * 64**2 + 256 * 512 * 32**2)
        + 18 * (9 * 512 * 512 * 32**2)
        + (8 * 8 * 64 * 3 * 256**2)
    )
    up = 9 * (512 * 256 * 32**2 + 256 * 128 * 64**2 + 128 * 64 * 128**2)
    assert found == {"Conv2D": 2 * down, "Conv2DBackpropInput": 2 * up}
