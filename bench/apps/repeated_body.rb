# frozen_string_literal: true

# A body that yields the same piece repeatedly.
RepeatedBody = Data.define(:piece, :count) do
  def each
    count.times { yield piece }
  end
end
