"""Operations on images, masks and colours."""
