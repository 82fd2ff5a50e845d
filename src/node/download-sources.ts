// Official addresses, checksums and contents of the data sets that can be fetched.
import { CIFAR10_TEST_FILE, CIFAR10_TRAIN_FILES, MNIST_FILES } from "../data/index.ts";

/** One file to download. */
export interface RemoteFile {
  readonly url: string;
  /** Name under which it is kept. */
  readonly name: string;
  /** MD5 as the publisher states it (it guards against damage, not against malice). */
  readonly md5: string;
  /** Refuse to write more than this. */
  readonly maxBytes: number;
  /** For a .tar.gz: members to unpack, by full name in the archive, with their exact sizes. */
  readonly members?: ReadonlyMap<string, number>;
}

/** A data set's files and the folder, inside the data folder, where they go. */
export interface DownloadSource {
  readonly folder: string;
  readonly files: readonly RemoteFile[];
}

export type DownloadName = "cifar10" | "mnist" | "fashion-mnist";

function idxFiles(base: string, md5: readonly string[]): readonly RemoteFile[] {
  return Object.values(MNIST_FILES).map((stem, i) => ({
    url: `${base}/${stem}.gz`,
    name: `${stem}.gz`,
    md5: md5[i]!,
    maxBytes: 50_000_000,
  }));
}

/** Where each set comes from. MNIST's first home no longer serves it; this is the mirror PyTorch keeps. */
export const DOWNLOAD_SOURCES: Readonly<Record<DownloadName, DownloadSource>> = {
  cifar10: {
    folder: "cifar-10-batches-bin",
    files: [
      {
        url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        name: "cifar-10-binary.tar.gz",
        md5: "c32a1d4ab5d03f1284b67883e8d87530",
        maxBytes: 250_000_000,
        members: new Map(
          [...CIFAR10_TRAIN_FILES, CIFAR10_TEST_FILE].map((file) => [
            `cifar-10-batches-bin/${file}`,
            30_730_000,
          ]),
        ),
      },
    ],
  },
  mnist: {
    folder: "mnist",
    files: idxFiles("https://ossci-datasets.s3.amazonaws.com/mnist", [
      "f68b3c2dcbeaaa9fbdd348bbdeb94873",
      "d53e105ee54ea40749a09fcbcd1e9432",
      "9fb629c4189551a2d022fa330f9573f3",
      "ec29112dd5afa0611ce80d1b7f02629c",
    ]),
  },
  "fashion-mnist": {
    folder: "fashion-mnist",
    files: idxFiles("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com", [
      "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
      "25c81989df183df01b3e8a0aad5dffbe",
      "bef4ecab320f06d8554ea6380940ec79",
      "bb300cfdad3c16e7a12a480ee83cd310",
    ]),
  },
};
