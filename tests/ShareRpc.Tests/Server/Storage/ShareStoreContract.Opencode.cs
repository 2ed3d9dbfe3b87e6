using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Storage;

/// <summary>What the HTTP API made for opencode.</summary>
public abstract partial class ShareStoreContract
{
    [Fact]
    public void The_newest_share_of_a_session_is_found_by_its_creator_only()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        long creator = transaction.InsertRef(Seed.Ref());
        long other = transaction.InsertRef(Seed.Ref());
        (long first, _) = Seed.Share(transaction, creator);
        (long second, _) = Seed.Share(transaction, creator);
        Assert.Null(transaction.FindOpencodeShare(creator, "ses"));
        transaction.InsertOpencodeShare(new OpencodeShareRow(first, creator, "ses"));
        Assert.Equal(first, transaction.FindOpencodeShare(creator, "ses")!.ShareKey);
        transaction.InsertOpencodeShare(new OpencodeShareRow(second, creator, "ses"));

        Assert.Equal(new OpencodeShareRow(second, creator, "ses"), transaction.FindOpencodeShare(creator, "ses"));
        Assert.Equal("ses", transaction.FindOpencodeShare(first)!.SessionId);
        Assert.Null(transaction.FindOpencodeShare(other, "ses"));
        Assert.Null(transaction.FindOpencodeShare(creator, "SES"));
        Assert.Null(transaction.FindOpencodeShare(second + 1));
    }

    [Fact]
    public void The_refs_made_for_opencode_are_listed_in_the_order_of_their_making_and_no_others()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        (long share, long owner) = Seed.Share(transaction);
        (long foreign, long foreignOwner) = Seed.Share(transaction);
        transaction.InsertOpencodeRef(foreign, foreignOwner);
        transaction.InsertOpencodeRef(share, owner);
        transaction.InsertRef(Seed.Ref(owner, share, Rights.Read));
        long made = transaction.InsertRef(Seed.Ref(owner, share, Rights.Append));
        transaction.InsertOpencodeRef(share, made);
        Assert.Equal([owner, made], transaction.ReadOpencodeRefs(share).Select(row => row.Key));
        Assert.Empty(transaction.ReadOpencodeRefs(foreign + 1));
    }

    [Fact]
    public void The_newest_open_creator_counts()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        Assert.Null(transaction.FindOpenCreator());
        long first = transaction.InsertRef(Seed.Ref());
        transaction.InsertOpenCreator(first);
        Assert.Equal(first, transaction.FindOpenCreator()!.Key);
        long second = transaction.InsertRef(Seed.Ref());
        transaction.InsertOpenCreator(second);
        Assert.Equal(second, transaction.FindOpenCreator()!.Key);
    }
}
