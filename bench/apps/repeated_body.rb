# frozen_string_literal: true

# A body that is made while it is sent: the same piece again and again.
RepeatedBody = Data.define(:piece, :count) do
  def each
    count.times { yield piece }
  end
end
