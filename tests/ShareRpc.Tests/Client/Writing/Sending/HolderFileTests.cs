using ShareRpc.Client.Writing.Sending;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Writing.Sending;

/// <summary>The file by which others know that a sender lives.</summary>
public sealed class HolderFileTests : IDisposable
{
    private readonly TemporaryDirectory folder = new();
    private readonly string one = Guid.CreateVersion7().ToString();
    private readonly string other = Guid.CreateVersion7().ToString();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_holder_is_dead_when_its_lock_is_gone_and_its_file_is_not()
    {
        using HolderFile mine = Open(one);
        mine.Hold();
        string left = $"{folder["outbox.db"]}.sender-{other}";
        using (HolderFile lives = Open(other))
        {
            lives.Hold();
            Assert.False(mine.IsDead(other));
        }

        Assert.False(File.Exists(left)); // given back in order: its lease is gone, too
        Assert.False(mine.IsDead(other));
        File.WriteAllText(left, "");
        Assert.True(mine.IsDead(other));
        Assert.False(mine.IsDead(one));
        mine.Remove(other);
        Assert.False(File.Exists(left));
    }

    [Fact]
    public void Where_locks_keep_nobody_out_no_holder_is_taken_for_dead_and_no_file_is_left()
    {
        using HolderFile mine = Open(one, WithoutLock);
        mine.Hold();
        using HolderFile lives = Open(other, WithoutLock);
        lives.Hold();
        Assert.Empty(Directory.EnumerateFiles(folder.Path));
        Assert.False(mine.IsDead(other));
        Assert.False(lives.IsDead(one));

        // One that was started with locks, seen by one without.
        using HolderFile locked = Open(other);
        locked.Hold();
        Assert.False(mine.IsDead(other));
    }

    private HolderFile Open(string holder, Func<string, FileMode, FileStream>? open = null) =>
        new(folder["outbox.db"], holder, open);

    private static FileStream WithoutLock(string path, FileMode mode) =>
        new(path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
}
