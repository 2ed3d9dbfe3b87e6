using ShareRpc.Server.Storage.Sqlite;

namespace ShareRpc.Tests.Server.Storage.Sqlite;

public sealed class StoredOpIdTests
{
    [Theory]
    [InlineData("0199f0a2-7c3b-7d4e-8f60-123456789abc", true)]
    [InlineData("00000000-0000-0000-0000-000000000000", true)]
    [InlineData("0199F0A2-7C3B-7D4E-8F60-123456789ABC", false)]
    [InlineData("0199f0a27c3b7d4e8f60123456789abc", false)]
    [InlineData("{199f0a2-7c3b-7d4e-8f60-123456789ab}", false)]
    [InlineData("0x99f0a2-7c3b-7d4e-8f60-123456789abc", false)]
    [InlineData("+199f0a2-7c3b-7d4e-8f60-123456789abc", false)]
    [InlineData(" 199f0a2-7c3b-7d4e-8f60-123456789abc", false)]
    [InlineData("evt_0199f0a2-7c3b-7d4e-8f60-12345678", false)]
    [InlineData("op1", false)]
    public void Only_a_UUID_in_its_usual_form_is_stored_as_its_bytes(string opId, bool isBytes) =>
        Assert.Equal(isBytes, StoredOpId.TryWrite(opId, new byte[StoredOpId.Bytes]));

    [Fact]
    public void The_bytes_sort_as_the_ids_do()
    {
        byte[] earlier = BytesOf("0199f0a2-7c3b-7d4e-8f60-123456789abc");
        byte[] later = BytesOf("0199f0a2-7c3c-7000-8f60-123456789abc");
        Assert.True(earlier.AsSpan().SequenceCompareTo(later) < 0);
    }

    private static byte[] BytesOf(string opId)
    {
        byte[] bytes = new byte[StoredOpId.Bytes];
        Assert.True(StoredOpId.TryWrite(opId, bytes));
        return bytes;
    }
}
