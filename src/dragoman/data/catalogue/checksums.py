"""Checksums and sizes that others have published of the catalogue's files.

None was computed here. A file that is not in this table has no published checksum that we know of;
then its SHA-256 is recorded on the first download, and later ones are held to that.
"""

from dragoman.data.catalogue.download import RemoteFile

_HUGGING_FACE = "huggingface/datasets, dataset_infos.json"
_TFDS = "tensorflow/datasets, url_checksums"
_TORCHTEXT = "pytorch/text, Multi30k"

_OPUS = "https://object.pouta.csc.fi/OPUS"
_MULTI30K = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw"
_NEWS = "https://data.statmt.org/news-commentary/v14/training/news-commentary-v14"

# Address -> (digest, bytes or None where no size was published with it).
_OF_HUGGING_FACE: dict[str, tuple[str, int | None]] = {
    f"{_OPUS}-Books/v1/moses/de-en.txt.zip": (
        "sha256:556f5f2d9a954ee84bfd617e7648ed526312233d55b7bfd4d99cb3adbb5c75a3",
        5_124_458,
    ),
    f"{_OPUS}-Books/v1/moses/en-fr.txt.zip": (
        "sha256:3b9eade0b11d6cc280502cbe52908ec476d9faa3bb589e70cf3ee1e44fcfc473",
        12_009_501,
    ),
    f"{_OPUS}-Books/v1/moses/en-nl.txt.zip": (
        "sha256:91e1551a04bdb992c9063e76d4d42f052b4dd385f84a88b2dd68be84ab86e3dd",
        3_727_995,
    ),
    f"{_OPUS}-Books/v1/moses/es-fr.txt.zip": (
        "sha256:51c3c98290a35043e85b4be83f7f0c7c0800872b1dbffcb314869dac49da8eb1",
        5_203_099,
    ),
    f"{_OPUS}-OpenSubtitles/v2018/moses/de-en.txt.zip": (
        "sha256:b1bdd09f3667a85ba9fd0688c8a943c710317e11e5f0f722b7f0f3f0bc38300c",
        710_557_991,
    ),
    f"{_OPUS}-OpenSubtitles/v2018/moses/en-es.txt.zip": (
        "sha256:e35e174b135b0fe2d48a0c9275dc456babd9732529e8de3d80141d241704e983",
        1_888_798_249,
    ),
    f"{_OPUS}-OpenSubtitles/v2018/moses/en-fr.txt.zip": (
        "sha256:96e547fe3f710c444639bbf594569634931c46ffdbeb7b3e0766cb2c72171240",
        1_296_192_799,
    ),
}

_OF_TFDS: dict[str, tuple[str, int | None]] = {
    f"{_NEWS}.cs-en.tsv.gz": (
        "sha256:b0ef38b810bc67811eb908080243e0211062c26a7a71cc05996c96ea6c55e0ff",
        28_119_465,
    ),
    f"{_NEWS}.de-en.tsv.gz": (
        "sha256:8aaa98a77d38bd39dcbdbcb775f3b6c633700e4c10fd915cf3dc6b9bfd0f2dca",
        39_390_551,
    ),
    f"{_NEWS}.de-fr.tsv.gz": (
        "sha256:31a7735fe2ae6d6841847fdebb5aed03d5da1c15500695154d3c35d40c29cb09",
        33_904_548,
    ),
    f"{_NEWS}.en-ru.tsv.gz": (
        "sha256:09aef10a0bb51104622ff6852cdf4f693b5906de970156b4e8db1e64ec55340c",
        41_411_245,
    ),
    f"{_NEWS}.en-zh.tsv.gz": (
        "sha256:fc9cc3f28ad62872d8eece1dffb1148f972baf6621bc87ba049a3ae0aab4025b",
        36_696_769,
    ),
    "https://www.statmt.org/wmt13/training-parallel-commoncrawl.tgz": (
        "sha256:c7a74e2ea01ac6c920123108627e35278d4ccb5701e15428ffa34de86fa3a9e5",
        918_311_367,
    ),
}

_OF_TORCHTEXT: dict[str, tuple[str, int | None]] = {
    f"{_MULTI30K}/test_2016_flickr.cs.gz": ("md5:3104872229daa1bef3b401d44dd2220b", None),
    f"{_MULTI30K}/test_2016_flickr.de.gz": ("md5:efd67d314d98489b716b145475101932", None),
    f"{_MULTI30K}/test_2016_flickr.en.gz": ("md5:ff2c0fcb4893a13bd73414306bc250ae", None),
    f"{_MULTI30K}/test_2016_flickr.fr.gz": ("md5:08dc7cd4a662f31718412de95ca9bfe3", None),
    f"{_MULTI30K}/train.cs.gz": ("md5:d9a5fc268917725a2b0efce3a0cc8607", None),
    f"{_MULTI30K}/train.de.gz": ("md5:81ff90b99829c0cd4b1b587d394afd39", None),
    f"{_MULTI30K}/train.en.gz": ("md5:0065d13af80720a55ca8153d126e6627", None),
    f"{_MULTI30K}/train.fr.gz": ("md5:6cb767741dcad3931f966fefbc05203f", None),
    f"{_MULTI30K}/val.cs.gz": ("md5:83cdc082f646b769095615384cf5c0ca", None),
    f"{_MULTI30K}/val.de.gz": ("md5:6e0e229eb049e3fc99a1ef02fb2d5f91", None),
    f"{_MULTI30K}/val.en.gz": ("md5:2b69aa9253948ac9f67e94917272dd40", None),
    f"{_MULTI30K}/val.fr.gz": ("md5:93fc564584b7e5ba410c761ea5a1c682", None),
}

PUBLISHED = {
    url: RemoteFile(url, digest, publisher, size)
    for publisher, table in (
        (_HUGGING_FACE, _OF_HUGGING_FACE),
        (_TFDS, _OF_TFDS),
        (_TORCHTEXT, _OF_TORCHTEXT),
    )
    for url, (digest, size) in table.items()
}


def remote(url: str) -> RemoteFile:
    """Give the file of an address, with its published checksum if there is one."""
    return PUBLISHED.get(url) or RemoteFile(url)
